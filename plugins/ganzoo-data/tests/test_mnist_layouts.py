"""The files of MNIST and its kin in the places, and under the names, that they come in."""

import gzip
import io
import struct
import tarfile
import zipfile
from io import StringIO

import numpy as np
import pytest
from ganzoo_data.kin import EMNIST, KMNIST
from ganzoo_data.mnist import MNIST, FashionMNIST

from ganzoo import UserError
from ganzoo.data.cache import Cache
from ganzoo.ui.progress import LineReporter

IMAGES, LABELS = np.full((2, 28, 28), 7, np.uint8), np.array([3, 4], np.uint8)


def idx(array):
    return struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def npz(array):
    file = io.BytesIO()
    np.savez_compressed(file, array)
    return file.getvalue()


NAMES = {"train-images-idx3-ubyte": IMAGES, "train-labels-idx1-ubyte": LABELS}
PLAIN = {name: idx(array) for name, array in NAMES.items()}
PACKED = {f"{name}.gz": gzip.compress(content) for name, content in PLAIN.items()}
DOTS = {name.replace("-idx", ".idx"): content for name, content in PLAIN.items()}
KAGGLE = {f"{name}/{name}": content for name, content in PLAIN.items()}
LETTERS = {f"emnist-digits-{name}": content for name, content in PLAIN.items()}
NUMPY = {f"kmnist-train-{name}.npz": npz(array) for name, array in {"imgs": IMAGES, "labels": LABELS}.items()}


def below(folder, files):
    return {f"{folder}/{name}": content for name, content in files.items()}


def zipped(files):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(files):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


LAYOUTS = {
    "dashes": (MNIST, PLAIN),
    "dots": (FashionMNIST, DOTS),
    "dots throughout": (MNIST, {name.replace("-ubyte", ".ubyte"): content for name, content in DOTS.items()}),
    "dots, compressed": (MNIST, {f"{name}.gz": gzip.compress(content) for name, content in DOTS.items()}),
    "folders of the files' names": (MNIST, KAGGLE),
    "folders of the files' names with dots": (MNIST, {f"{name}/{name}": content for name, content in DOTS.items()}),
    "folders of other spellings": (MNIST, {f"{name.replace('-idx', '.idx')}/{name}": content for name, content in PLAIN.items()}),
    "Kaggle's, each file twice": (MNIST, below("archive", KAGGLE | DOTS)),
    "a folder in small letters": (MNIST, below("mnist", PACKED)),
    "without raw": (MNIST, below("MNIST", PLAIN)),
    "both compressed and not": (MNIST, below("MNIST/raw", PLAIN | PACKED)),
    "a zip": (MNIST, {"mnist.zip": zipped(below("mnist", PACKED))}),
    "a zip of Kaggle's folders": (MNIST, {"archive.zip": zipped(KAGGLE)}),
    "a tar in a zip": (MNIST, {"archive.zip": zipped({"mnist.tar.gz": tarred(below("MNIST/raw", PLAIN))})}),
    "a zip in a tar in a folder": (MNIST, {"old/mnist.tgz": tarred({"x.zip": zipped(PLAIN)})}),
    "beside its kin": (MNIST, below("mnist", PLAIN) | below("fashion", dict.fromkeys(PLAIN, b""))),
    "KMNIST in a folder": (KMNIST, below("kmnist", PACKED)),
    "KMNIST of numpy": (KMNIST, NUMPY),
    "KMNIST of numpy in a zip": (KMNIST, {"archive.zip": zipped(NUMPY)}),
    "EMNIST of Kaggle": (EMNIST, below("archive/emnist_source_files", LETTERS) | {"archive/emnist-digits-train.csv": b""}),
    "EMNIST in its zip": (EMNIST, {"gzip.zip": zipped(below("gzip", {f"{n}.gz": gzip.compress(c) for n, c in LETTERS.items()}))}),
}


def lay(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layout_is_read(layout, tmp_path):
    kind, files = LAYOUTS[layout]
    lay(tmp_path / "data", files)
    roots = [tmp_path / "data", *(tmp_path / "data" / name for name in files if name.endswith("zip"))]
    for root in roots:
        arrays = kind(root=str(root), download=False, **({"part": "digits"} if kind is EMNIST else {})).arrays(Cache(tmp_path / "cache"))
        assert arrays["sample"].shape == (2, 1, 28, 28)
        assert arrays["label"].tolist() == [3, 4]


def test_another_place_is_said_and_two_that_differ_are_refused(tmp_path):
    said = StringIO()
    lay(tmp_path, below("old", PLAIN))
    MNIST(root=str(tmp_path), download=False).arrays(Cache(tmp_path / "cache", LineReporter(said)))
    assert f"MNIST is read from {tmp_path}/old/train-images-idx3-ubyte" in said.getvalue()
    lay(tmp_path, below("new", PLAIN | {"train-labels-idx1-ubyte": idx(LABELS + 1)}))
    with pytest.raises(UserError, match=r"new/train-labels-idx1-ubyte and .*old/.* are called the same, and differ; set data\.root to"):
        MNIST(root=str(tmp_path), download=False).arrays(Cache(tmp_path / "cache"))


def test_what_was_found_is_said(tmp_path):
    lay(tmp_path, {"mnist_train.csv": b"", "x.zip": zipped(below("fashion", PLAIN)), "bad.zip": b"<html>", "np/kmnist-train-imgs.npz": b""})
    with pytest.raises(
        UserError, match=r"MNIST is not in .* holds bad\.zip, mnist_train\.csv, np/, x\.zip; x\.zip holds fashion/"
    ) as caught:
        MNIST(root=str(tmp_path), download=False).arrays(Cache(tmp_path / "cache"))
    assert "bad.zip cannot be read: it is neither a zip nor a tar (it begins with b'<html>')" in str(caught.value)
    lay(tmp_path, {"np/kmnist-train-labels.npz": b""})
    with pytest.raises(UserError, match=r"kmnist-train-imgs\.npz cannot be read as IDX: it does not begin as one"):
        KMNIST(root=str(tmp_path), download=False).arrays(Cache(tmp_path / "cache"))


def test_large_tars_are_not_unpacked_for_a_look(tmp_path, monkeypatch):
    monkeypatch.setattr("ganzoo_data.tree.MAX_SEARCHED_BYTES", 1000)
    lay(
        tmp_path,
        {
            "x.tgz": tarred({"noise": bytes(np.random.default_rng(0).integers(0, 256, 2000, np.uint8))}),
            "y.zip": zipped({"z.tar": b"0" * 2000}),
        },
    )
    with pytest.raises(
        UserError, match=r"x\.tgz cannot be read: \d+ bytes are too many to look into; unpack it, .*z\.tar cannot be read: it unpacks to"
    ):
        MNIST(root=str(tmp_path), download=False).arrays(Cache(tmp_path / "cache"))
