from pathlib import Path

import numpy as np
import pytest
import torch
from ganzoo_shapes.as_described import AsDescribed
from ganzoo_shapes.described import WORDS, Described, caption, drawn, encode, every, vector

from ganzoo import Cache, DataSpec, UserError

DATA = DataSpec({"sample": (3, 32, 32), "text": (16,)})


def read(**more):
    return Described(count=200, **more).arrays(Cache(Path("unused")))


def test_pictures_and_texts_follow_from_the_seed_and_held_out_ones_are_others() -> None:
    first, again, other, held = (read(**more) for more in ({}, {}, {"seed": 1}, {"split": "test"}))
    for name in ("sample", "text"):
        assert np.array_equal(first[name], again[name])
        assert not np.array_equal(first[name], other[name])
    assert held["sample"].shape == (50, 3, 32, 32)
    assert not {picture.tobytes() for picture in first["sample"]} & {picture.tobytes() for picture in held["sample"]}


def test_each_caption_is_a_text_and_a_picture_of_its_own() -> None:
    said = every()
    assert said.shape == (200, 4)
    assert len({caption(one) for one in said}) == len({row.tobytes() for row in encode(said)}) == 200
    assert len({picture.tobytes() for picture in drawn(said, 32)}) == 200
    assert caption(np.array([0, 0, 0, 0])) == "a small red circle on the left"
    assert (encode(said).sum(axis=1) == len(WORDS)).all()
    assert np.array_equal(np.concatenate([vector(caption(one)) for one in said[::17]]), encode(said[::17]))
    with pytest.raises(UserError, match=r"no caption 'a pink circle'.*write it as: a small red circle on the left"):
        vector("a pink circle")


def test_the_small_picture_is_the_mean_of_blocks() -> None:
    found = read(low_resolution=2)
    assert found["source"].shape == (200, 3, 16, 16)
    assert abs(found["source"][0, :, 3, 5] - found["sample"][0, :, 6:8, 10:12].mean((1, 2))).max() <= 0.5
    with pytest.raises(UserError, match="images of 32 cannot be reduced 3 times"):
        Described(low_resolution=3)


class Made:
    """Gives pictures of held-out texts, some of them of others' texts."""

    def __init__(self, wrong: int) -> None:
        arrays = read(split="test")
        pictures = torch.from_numpy(arrays["sample"]).float() / 127.5 - 1
        pictures[:wrong] = pictures[:wrong].roll(1, dims=0)
        self.pair = {"sample": pictures, "text": torch.from_numpy(arrays["text"])}

    def pairs(self, n, split):
        yield self.pair


def test_real_pictures_are_as_described_and_those_of_other_texts_are_not() -> None:
    metric = AsDescribed(DATA)
    assert set(metric.measure(Made(0)).values()) == {1.0}
    said = AsDescribed(DATA).said[(Made(0).pair["text"] @ metric.texts.T).argmax(dim=1)]
    same = torch.cat([said[:20].roll(1, dims=0) == said[:20], torch.ones(30, 4, dtype=torch.bool)])
    found = metric.measure(Made(20))
    assert found["place"] == pytest.approx(same[:, 3].double().mean().item())
    assert found["right"] == pytest.approx((same[:, 1] & same[:, 2]).double().mean().item())
    assert found["right"] < 0.8


def test_other_data_is_refused_by_name() -> None:
    with pytest.raises(UserError, match="pictures of the data set 'described'; this data has sample"):
        AsDescribed(DataSpec({"sample": (3, 32, 32)}))
