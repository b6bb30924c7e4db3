"""MNIST and Fashion-MNIST are found where torchvision and others leave them."""

import gzip
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from ganzoo_data import mnist
from ganzoo_data.mnist import MNIST, FashionMNIST

from ganzoo import UserError
from ganzoo.data.cache import Cache


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def write_idx(path: Path, array: np.ndarray, compressed: bool = False) -> None:
    content = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name(path.name + ".gz" * compressed).write_bytes(gzip.compress(content) if compressed else content)


def write_half(folder: Path, half: str = "train", count: int = 5, compressed: bool = False) -> np.ndarray:
    images = np.random.default_rng(count).integers(0, 256, (count, 28, 28), np.uint8)
    write_idx(folder / f"{half}-images-idx3-ubyte", images, compressed)
    write_idx(folder / f"{half}-labels-idx1-ubyte", np.arange(count) % 10, compressed)
    return images


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("place", ["MNIST/raw", "raw", "."])
def test_finds_local_files(tmp_path, cache, place, compressed):
    images = write_half(tmp_path / place, compressed=compressed)
    arrays = MNIST(root=str(tmp_path)).arrays(cache)
    np.testing.assert_array_equal(arrays["sample"][:, 0], images)
    assert arrays["label"].tolist() == [0, 1, 2, 3, 4]


def test_the_split_chooses_the_half(tmp_path, cache):
    write_half(tmp_path, "train", 5)
    write_half(tmp_path, "t10k", 3)
    assert len(MNIST(root=str(tmp_path), split="test").arrays(cache)["label"]) == 3


def test_fashion_has_a_folder_of_its_own(tmp_path, cache):
    write_half(tmp_path / "MNIST" / "raw", count=5)
    write_half(tmp_path / "FashionMNIST" / "raw", count=3)
    assert len(FashionMNIST(root=str(tmp_path)).arrays(cache)["label"]) == 3
    assert "Sneaker" in FashionMNIST.class_names


def test_the_home_folder_can_be_written_as_a_tilde(tmp_path, cache, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write_half(tmp_path / "digits")
    assert len(MNIST(root="~/digits").arrays(cache)["label"]) == 5


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"images-idx3": np.zeros((5, 27, 28))}, r"images of \(27, 28\), wanted \(28, 28\)"),
        ({"images-idx3": np.zeros((4, 28, 28))}, "4 images, .* 5 labels"),
        ({"labels-idx1": np.array([0, 1, 2, 3, 10])}, "the label 10, wanted 0 to 9"),
    ],
)
def test_refuses_files_that_do_not_belong_together(tmp_path, cache, broken, reason):
    write_half(tmp_path)
    for name, array in broken.items():
        write_idx(tmp_path / f"train-{name}-ubyte", array)
    with pytest.raises(UserError, match=reason) as caught:
        MNIST(root=str(tmp_path)).arrays(cache)
    assert caught.value.key == "data.root"


def test_names_the_places_it_looked_in(tmp_path, cache):
    with pytest.raises(
        UserError, match=r"data\.root: MNIST is not in .*looked for train-images-idx3-ubyte and .*set data\.root, or data\.download: true"
    ):
        MNIST(root=str(tmp_path), download=False).arrays(cache)


def test_fetches_from_where_torchvision_says(tmp_path, cache, monkeypatch):
    from torchvision import datasets

    source = tmp_path / "source"
    write_half(source, compressed=True)

    def from_source(urls, target, md5, reporter, by_hand) -> None:
        assert urls == [mirror + target.name for mirror in datasets.FashionMNIST.mirrors]
        assert (target.name, md5) in datasets.FashionMNIST.resources
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((source / target.name).read_bytes())

    monkeypatch.setattr(mnist, "fetch", from_source)
    root = tmp_path / "root"
    assert len(FashionMNIST(root=str(root)).arrays(cache)["label"]) == 5
    assert (root / "FashionMNIST" / "raw" / "train-images-idx3-ubyte.gz").is_file()
    monkeypatch.delattr(mnist, "fetch")  # the second time nothing is fetched
    assert len(FashionMNIST(root=str(root)).arrays(cache)["label"]) == 5


def test_local_data_needs_no_torch(tmp_path):
    import subprocess

    write_half(tmp_path)
    code = (
        "import sys; from pathlib import Path; from ganzoo_data.mnist import MNIST; from ganzoo.data.cache import Cache;"
        f"MNIST(root={str(tmp_path)!r}).arrays(Cache(Path({str(tmp_path)!r})));"
        "import ganzoo_data.celeba, ganzoo_data.cifar, ganzoo_data.folder, ganzoo.data.toys;"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
