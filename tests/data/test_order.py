"""Fields that are not paired, and windows: pure in (seed, epoch, index), alone, on a GPU and after resuming."""

import numpy as np
import pytest
import torch

from ganzoo import Dataset, UserError
from ganzoo.data.spec import describe_data
from ganzoo.engine import batches as module
from ganzoo.engine.batches import Batches
from ganzoo.engine.device import Runtime
from ganzoo.engine.distributed.ranks import Ranks
from ganzoo.metrics.real import RealSamples

CPU = Runtime(torch.device("cpu"), "fp32", "highest")


class TwoDomains(Dataset):
    """Twelve rows, and eight of another domain; each says its number."""

    independent = frozenset({"source"})

    def arrays(self, cache=None):
        return {
            "sample": np.arange(12, dtype=np.float32)[:, None],
            "label": np.arange(12),
            "source": np.arange(8, dtype=np.float32)[:, None],
        }

    classes = 12


class Large(Dataset):
    """Pictures of 12 pixels that say where each of them was, their thumbnails, and maps of classes; training sees windows of 8."""

    window = 8
    class_maps = ("kinds",)
    places = np.arange(144, dtype=np.uint8).reshape(12, 12)

    def arrays(self, cache=None):
        sample = np.broadcast_to(self.places, (6, 1, 12, 12)).copy()
        return {"sample": sample, "small": sample[:, :, ::2, ::2].copy(), "kinds": sample[:, 0].copy()}


def batches_of(dataset, size, flip=False, **more):
    arrays = dataset.arrays()
    return Batches(arrays, describe_data(dataset, arrays), size, 3, flip, CPU, **more)


def test_independent_fields_have_epochs_and_orders_of_their_own():
    batches = batches_of(TwoDomains(), 4)
    seen = [batches.next() for _ in range(6)]
    for one in seen:
        assert torch.equal(one["sample"][:, 0].long(), one["label"])
    samples, sources = (torch.cat([one[name][:, 0] for one in seen]).tolist() for name in ("sample", "source"))
    for epoch in (0, 3):
        assert sorted(samples[4 * epoch : 4 * epoch + 12]) == list(range(12))
    for epoch in (0, 2, 4):
        assert sorted(sources[4 * epoch : 4 * epoch + 8]) == list(range(8))
    assert [number for number in samples if number < 8][:8] != sources[:8]


def test_a_position_says_which_rows_of_every_field_come_next():
    whole = [batches_of(TwoDomains(), 4, position=4 * at).next() for at in range(6)]
    straight = batches_of(TwoDomains(), 4)
    for one in whole:
        following = straight.next()
        assert all(torch.equal(one[name], following[name]) for name in one)


class Rank(Ranks):
    def __init__(self, rank):
        self.rank, self.size = rank, 2


@pytest.mark.parametrize("dataset", [TwoDomains, Large], ids=lambda cls: cls.__name__)
def test_two_processes_together_see_the_batches_of_one_and_go_on_from_any_position(dataset):
    alone = batches_of(dataset(), 4, flip=True)
    shares = [batches_of(dataset(), 4, flip=True, ranks=Rank(rank)) for rank in (0, 1)]
    for _ in range(5):
        resumed = [batches_of(dataset(), 4, flip=True, ranks=Rank(rank), position=alone.position) for rank in (0, 1)]
        whole, parts, again = alone.next(), [share.next() for share in shares], [share.next() for share in resumed]
        assert all(torch.equal(torch.cat([part[name] for part in parts]), whole[name]) for name in whole)
        assert all(torch.equal(one[name], other[name]) for one, other in zip(parts, again, strict=True) for name in one)


def check_windows(batch, flipped_too):
    corners = set()
    for sample, small, kinds in zip(batch["sample"], batch["small"], batch["kinds"], strict=True):
        places = sample[0].add(1).mul(127.5).round().long()
        flipped = bool(places[0, 0] > places[0, 1])
        upright = places.flip(-1) if flipped else places
        top, left = divmod(int(upright[0, 0]), 12)
        corners.add((top, left, flipped))
        assert torch.equal(upright, torch.from_numpy(Large.places[top : top + 8, left : left + 8].astype(np.int64)))
        assert torch.equal(kinds, places)
        thumbnail = small[0].add(1).mul(127.5).round().long()
        assert torch.equal(thumbnail.flip(-1) if flipped else thumbnail, upright[::2, ::2])
    return corners


def test_a_window_is_the_same_of_all_fields_and_lies_elsewhere_in_each_row():
    batches = batches_of(Large(), 6, flip=True)
    corners = set().union(*(check_windows(batches.next(), True) for _ in range(8)))
    assert {top for top, _, _ in corners} == {left for _, left, _ in corners} == {0, 2, 4}
    assert {flipped for *_, flipped in corners} == {True, False}
    assert batches.next()["sample"].shape == (6, 1, 8, 8)


def test_windows_are_cut_alike_where_the_data_lives_on_a_gpu(monkeypatch):
    here, there = batches_of(Large(), 3, flip=True), batches_of(Large(), 3, flip=True)
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: self)
    there._resident = {name: module.uploaded(array, CPU.device) for name, array in there.arrays.items()}
    for _ in range(4):
        one, other = here.next(), there.next()
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_what_is_looked_at_and_measured_is_the_window_in_the_middle():
    dataset = Large()
    arrays = dataset.arrays()
    data = describe_data(dataset, arrays)
    (measured,) = RealSamples(data, lambda split: arrays).stream(np.arange(2), None, CPU.device)
    fetched = batches_of(dataset, 3).fetch(np.arange(2))
    assert check_windows(fetched, False) == {(2, 2, False)}
    assert all(torch.equal(fetched[name], measured[name]) for name in fetched)


def test_what_cannot_be_cut_or_is_not_there_is_refused():
    large, two = Large(), TwoDomains()
    large.window = 7
    with pytest.raises(UserError, match=r"a window of 7 x 7 does not fit pictures of 6 x 6 \('small'\)"):
        describe_data(large, large.arrays())
    two.independent = frozenset({"elsewhere"})
    with pytest.raises(UserError, match="calls 'elsewhere' independent, which it does not give"):
        describe_data(two, two.arrays())
    with pytest.raises(UserError, match="the data's field 'source' has 8 samples, fewer than one batch"):
        batches_of(TwoDomains(), 9)
