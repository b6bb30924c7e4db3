"""Class maps of another size than the pictures are mirrored and cut with them."""

import numpy as np
import pytest
import torch

from ganzoo import Dataset
from ganzoo.data.spec import describe_data
from ganzoo.engine.batches import Batches
from ganzoo.engine.device import Runtime

CPU = Runtime(torch.device("cpu"), "fp32", "highest")
PLACES = np.arange(144, dtype=np.uint8).reshape(12, 12)


class Maps(Dataset):
    """Pictures of 12 pixels that say where each of them was, and maps of half their size that say the same."""

    class_maps = ("kinds",)
    classes = 0

    def __init__(self, window: int, flip: bool) -> None:
        self.window, self.flip = window, flip

    def arrays(self, cache=None):
        return {"sample": np.broadcast_to(PLACES, (6, 1, 12, 12)), "kinds": np.broadcast_to(PLACES[::2, ::2], (6, 6, 6))}


@pytest.mark.parametrize("on_gpu", [False, True])
@pytest.mark.parametrize(("window", "flip"), [(0, True), (8, False), (8, True)])
def test_a_map_of_half_the_size_stays_with_its_picture(window, flip, on_gpu, monkeypatch) -> None:
    dataset = Maps(window, flip)
    arrays = dataset.arrays()
    batches = Batches(arrays, describe_data(dataset, arrays), 6, 0, flip, CPU)
    if on_gpu:
        monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: self)
        batches._resident = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
    seen = set()
    for _ in range(6):
        batch = batches.next()
        for sample, kinds in zip(batch["sample"], batch["kinds"], strict=True):
            places = sample[0].add(1).mul(127.5).round().long()
            mirrored = bool(places[0, 0] > places[0, 1])
            upright, map_upright = (each.flip(-1) if mirrored else each for each in (places, kinds))
            assert torch.equal(map_upright, upright[::2, ::2])
            seen.add((mirrored, int(upright[0, 0])))
    assert {mirrored for mirrored, _ in seen} == ({True, False} if flip else {False})
    assert len({corner for _, corner in seen}) == (9 if window else 1)
