"""The bundled digits are MNIST's test half."""

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

from ganzoo.data import digits
from ganzoo.data.cache import Cache
from ganzoo.data.digits import Digits


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def test_the_digits_are_the_test_half_of_mnist():
    folder = Path(digits.__file__).with_name("digits")
    hashes = {path.name: hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest() for path in folder.glob("*.gz")}
    readme = (folder / "README.md").read_text()
    assert len(hashes) == 2
    for name, digest in hashes.items():
        assert f"| `{name}` | `{digest}` |" in readme
    assert "CC BY-SA 3.0" in readme
    assert "LeCun" in readme


def test_the_digits_need_nothing(cache):
    arrays = Digits().arrays(cache)
    assert arrays["sample"].shape == (10_000, 1, 28, 28)
    assert arrays["sample"].dtype == np.uint8
    assert arrays["label"].dtype == np.int64
    assert arrays["label"][:6].tolist() == [7, 2, 1, 0, 4, 1]
    assert np.bincount(arrays["label"]).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert Digits.classes == len(Digits.class_names) == 10


def test_padding_to_32_adds_a_black_border(cache):
    plain, padded = (Digits(size=size).arrays(cache)["sample"] for size in (28, 32))
    assert padded.shape == (10_000, 1, 32, 32)
    np.testing.assert_array_equal(padded[:, :, 2:-2, 2:-2], plain)
    assert padded.sum(dtype=np.int64) == plain.sum(dtype=np.int64)
