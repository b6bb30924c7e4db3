"""Stacked MNIST: a thousand modes that are known."""

import numpy as np
import pytest
from ganzoo_data.stacked import StackedMNIST

from ganzoo.data.cache import Cache
from ganzoo.data.digits import Digits


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return Digits().arrays(Cache(tmp_path_factory.mktemp("digits")))


def arrays(tmp_path, **parameters):
    return StackedMNIST(**parameters).arrays(Cache(tmp_path))


def test_every_channel_is_a_digit_and_the_class_is_their_number(tmp_path, digits):
    found = arrays(tmp_path, count=50)
    assert found["sample"].shape == (50, 3, 28, 28)
    assert found["sample"].dtype == np.uint8
    assert found["label"].dtype == np.int64
    known = {image.tobytes(): label for image, label in zip(digits["sample"][:, 0], digits["label"], strict=True)}
    for image, label in zip(found["sample"], found["label"], strict=True):
        assert [known[channel.tobytes()] for channel in image] == [label // 100, label // 10 % 10, label % 10]
        assert StackedMNIST.class_names[label] == "".join(str(known[channel.tobytes()]) for channel in image)


def test_it_is_the_same_each_time_and_another_with_another_seed(tmp_path):
    first, again, other = (arrays(tmp_path, count=20, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(first["sample"], again["sample"])
    assert not np.array_equal(first["sample"], other["sample"])


def test_channels_are_independent_and_modes_nearly_even(tmp_path):
    labels = arrays(tmp_path, count=20_000)["label"]
    assert len(np.unique(labels)) == 1000
    a, b = labels // 100, labels % 10
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.03


def test_digits_of_both_halves_of_mnist_are_drawn(tmp_path, monkeypatch):
    drawn = []

    def half(self, cache):
        drawn.append((self.root, self.split))
        value = {"train": 10, "test": 20}[self.split]
        return {"sample": np.full((4, 1, 28, 28), value, np.uint8), "label": np.zeros(4, np.int64)}

    monkeypatch.setattr("ganzoo_data.mnist.MNIST.arrays", half)
    found = arrays(tmp_path, root="there", count=50)
    assert drawn == [("there", "train"), ("there", "test")]
    assert set(np.unique(found["sample"])) == {10, 20}
    assert set(np.unique(arrays(tmp_path, root="there", split="test", count=50)["sample"])) == {20}


def test_without_mnist_the_held_out_digits_are_none_of_those_trained_on(tmp_path, digits):
    drawn = {}
    for split in ("train", "test", "all"):
        images = arrays(tmp_path, split=split, count=6000)["sample"].reshape(-1, 28, 28)
        drawn[split] = {image.tobytes() for image in images}
    assert not drawn["train"] & drawn["test"]
    assert len(drawn["train"]) > 6000
    assert len(drawn["test"]) > 1900
    assert drawn["all"] & drawn["test"]
    assert drawn["train"] <= {image.tobytes() for image in digits["sample"][:, 0]}
