"""MNIST's files under the names that they come by."""

import gzip
import struct

import numpy as np
import pytest
from ganzoo_data.mnist import MNIST, FashionMNIST

from ganzoo import UserError
from ganzoo.data.cache import Cache


def idx(array):
    return struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


FILES = {
    "train-images-idx3-ubyte": idx(np.full((2, 28, 28), 7, np.uint8)),
    "train-labels-idx1-ubyte": idx(np.array([3, 4], np.uint8)),
}


def dashes(root, name):
    return root / name, False


def dots(root, name):
    return root / name.replace("-idx", ".idx"), False


def dots_compressed(root, name):
    return root / f"{name.replace('-idx', '.idx')}.gz", True


def kaggle(root, name):
    return root / name / name, False


def kaggle_dots(root, name):
    dotted = name.replace("-idx", ".idx")
    return root / dotted / dotted, False


def kaggle_mixed(root, name):
    return root / name.replace("-idx", ".idx") / name, False


@pytest.mark.parametrize("kind", [MNIST, FashionMNIST])
@pytest.mark.parametrize("layout", [dashes, dots, dots_compressed, kaggle, kaggle_dots, kaggle_mixed])
def test_each_layout_is_read(layout, kind, tmp_path):
    for name, content in FILES.items():
        path, compressed = layout(tmp_path / "data", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content) if compressed else content)
    arrays = kind(root=str(tmp_path / "data"), download=False).arrays(Cache(tmp_path / "cache"))
    assert arrays["sample"].shape == (2, 1, 28, 28)
    assert arrays["label"].tolist() == [3, 4]


def test_what_was_found_is_said(tmp_path):
    (tmp_path / "mnist_train.csv").write_text("")
    with pytest.raises(UserError, match=r"MNIST is not in .* holds mnist_train\.csv\)$"):
        MNIST(root=str(tmp_path), download=False).arrays(Cache(tmp_path / "cache"))
