"""What belongs to the pixels of an image is mirrored with it, whatever its type; what is not an image is not scaled like one."""

import json

import numpy as np
import pytest
import torch

from ganzoo import DataSpec, UserError
from ganzoo.compat.dry_run import example_batch
from ganzoo.data.spec import describe
from ganzoo.engine.batches import INDEX, MIRRORED, Batches
from ganzoo.engine.device import Runtime
from ganzoo.metrics.real import RealSamples

COUNT, EDGE = 40, 8
CPU = Runtime(torch.device("cpu"), "fp32", "highest")
random = np.random.default_rng(0)
KIND = random.integers(0, 19, (COUNT, EDGE, EDGE), np.uint8)
"""The class of each pixel, from which all other fields follow."""
ARRAYS = {
    "sample": np.repeat(KIND[:, None] * 13, 3, 1),
    "mask": (KIND[:, None] > 9).astype(np.float32),
    "kinds": KIND,
    "kinds_with_a_channel": KIND[:, None],
    "wide_kinds": KIND.astype(np.int64),
    "small": KIND[:, None, ::2, :].repeat(3, 1)[..., ::2],
    "vector": random.standard_normal((COUNT, EDGE)).astype(np.float32),
    "label": np.arange(COUNT),
}
MAPS = ("kinds", "kinds_with_a_channel")
SPEC = describe(ARRAYS, COUNT, 1.0, MAPS)


def check(batch: dict[str, torch.Tensor]) -> set[bool]:
    """That all fields of each sample are mirrored, or none; returns which was seen."""
    seen = set()
    for i, label in enumerate(batch["label"].tolist()):
        upright = torch.from_numpy(KIND[label].astype(np.int64))
        kinds = batch["kinds"][i]
        flipped = not torch.equal(kinds, upright)
        seen.add(flipped)
        assert torch.equal(kinds, upright.flip(-1) if flipped else upright)
        assert torch.equal(batch["kinds_with_a_channel"][i, 0], kinds)
        assert torch.equal(batch["wide_kinds"][i], kinds)
        assert torch.equal(batch["mask"][i, 0], (kinds > 9).float())
        assert torch.allclose(batch["sample"][i, 0], kinds * 13 / 127.5 - 1)
        half = torch.from_numpy(ARRAYS["small"][label].astype(np.float32) / 127.5 - 1)
        assert torch.allclose(batch["small"][i], half.flip(-1) if flipped else half)
        assert np.array_equal(batch["vector"][i], ARRAYS["vector"][label])
    return seen


def test_masks_and_class_maps_are_mirrored_with_their_images():
    batches = Batches(ARRAYS, SPEC, 10, 0, True, CPU)
    assert set().union(*(check(batches.next()) for _ in range(4))) == {True, False}


def test_they_are_where_the_data_lives_on_a_gpu():
    batches = Batches(ARRAYS, SPEC, 10, 0, True, CPU)
    batches._resident = {name: torch.from_numpy(value) for name, value in ARRAYS.items()}  # as there
    mirrored = torch.arange(10) % 2 == 0
    assert check(batches.finish({INDEX: torch.arange(10), MIRRORED: mirrored})) == {True, False}


def test_class_maps_are_integers_as_they_are_stored_and_all_other_uint8_is_scaled():
    found = Batches(ARRAYS, SPEC, 10, 0, False, CPU).next()
    assert {found[name].dtype for name in (*MAPS, "wide_kinds", "label")} == {torch.int64}
    assert {found[name].dtype for name in ("sample", "small", "mask", "vector")} == {torch.float32}
    assert found["kinds"].max() == 18


def test_metrics_and_the_dry_run_see_integers_too():
    (seen,) = RealSamples(SPEC, lambda split: ARRAYS).stream(np.arange(5), None, torch.device("cpu"))
    assert torch.equal(seen["kinds"], torch.from_numpy(KIND[:5].astype(np.int64)))
    assert seen["sample"].min() >= -1
    tried = example_batch(SPEC, 2)
    assert {name for name, value in tried.items() if value.dtype == torch.int64} == {*MAPS, "label"}


def test_a_runs_description_of_its_data_keeps_the_maps_and_old_ones_have_none():
    assert DataSpec.from_json(json.loads(json.dumps(SPEC.to_json()))) == SPEC
    old = DataSpec({"sample": (1, 2, 2)})
    assert "class_maps" not in old.to_json()
    assert DataSpec.from_json(old.to_json()) == old


@pytest.mark.parametrize("name", ["nowhere", "mask"])
def test_a_class_map_that_is_not_given_or_no_integers_is_refused(name):
    with pytest.raises(UserError, match=f"gives no integers '{name}', which its class_maps name"):
        describe(ARRAYS, COUNT, 1.0, (name,))
