"""EMNIST, Kuzushiji-MNIST and QMNIST, under the names and in the forms that their files have."""

import gzip
import struct
import zipfile

import numpy as np
import pytest
from ganzoo_data import kin
from ganzoo_data.kin import EMNIST, EMNIST_CLASSES, KMNIST, QMNIST

from ganzoo import UserError
from ganzoo.data.cache import Cache

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 28, 28), np.uint8)


def idx(array, kind=8):
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, kind, array.ndim, *array.shape) + array.tobytes()


def write(folder, name, content, compressed=False):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}{'.gz' * compressed}").write_bytes(gzip.compress(content) if compressed else content)


def read(dataset, tmp_path):
    return dataset.arrays(Cache(tmp_path / "cache"))


@pytest.mark.parametrize("place", ["", "raw", "gzip", "EMNIST/raw", "archive/emnist_source_files"])
def test_emnist_is_turned_upright_and_its_letters_count_from_0(place, tmp_path):
    write(tmp_path / place, "emnist-letters-train-images-idx3-ubyte", idx(IMAGES), compressed=True)
    write(tmp_path / place, "emnist-letters-train-labels-idx1-ubyte", idx(np.array([1, 26, 2], np.uint8)), compressed=True)
    dataset = EMNIST(root=str(tmp_path), part="letters")
    arrays = read(dataset, tmp_path)
    np.testing.assert_array_equal(arrays["sample"][:, 0], IMAGES.transpose(0, 2, 1))
    assert [dataset.class_names[label] for label in arrays["label"]] == ["A", "Z", "B"]
    assert (dataset.classes, EMNIST(part="byclass").classes, EMNIST(part="digits").classes) == (26, 62, 10)
    assert {part: len(names) for part, names in EMNIST_CLASSES.items()}["balanced"] == 47


def test_a_label_of_another_part_is_refused(tmp_path):
    write(tmp_path, "emnist-letters-test-images-idx3-ubyte", idx(IMAGES))
    write(tmp_path, "emnist-letters-test-labels-idx1-ubyte", idx(np.array([0, 1, 2], np.uint8)))
    with pytest.raises(UserError, match="the label 0, wanted 1 to 26"):
        read(EMNIST(root=str(tmp_path), part="letters", split="test"), tmp_path)


def test_the_names_of_emnists_classes_are_those_of_torchvision():
    known = pytest.importorskip("torchvision").datasets.EMNIST.classes_split_dict
    for part, names in EMNIST_CLASSES.items():
        assert tuple(names) == tuple(known[part]) or part == "letters"


def test_emnist_is_taken_out_of_the_archive_that_is_downloaded(tmp_path, monkeypatch):
    def from_afar(urls, target, md5, reporter, by_hand):
        assert (len(urls), len(md5)) == (1, 32)
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("gzip/emnist-digits-test-images-idx3-ubyte.gz", gzip.compress(idx(IMAGES)))
            archive.writestr("gzip/emnist-digits-test-labels-idx1-ubyte.gz", gzip.compress(idx(np.array([1, 0, 2], np.uint8))))

    monkeypatch.setattr(kin, "fetch", from_afar)
    arrays = read(EMNIST(root=str(tmp_path), part="digits", split="test", download=True), tmp_path)
    assert arrays["label"].tolist() == [1, 0, 2]


def test_kuzushiji_has_a_folder_and_names_of_its_own(tmp_path):
    write(tmp_path / "KMNIST/raw", "t10k-images-idx3-ubyte", idx(IMAGES))
    write(tmp_path / "KMNIST/raw", "t10k-labels-idx1-ubyte", idx(np.array([0, 9, 2], np.uint8)))
    dataset = KMNIST(root=str(tmp_path), split="test", download=False)
    assert [dataset.class_names[label] for label in read(dataset, tmp_path)["label"]] == ["o", "wo", "su"]


def test_qmnists_labels_are_the_first_of_eight_numbers(tmp_path):
    labels = np.arange(24, dtype=np.int32).reshape(3, 8) % 10
    write(tmp_path, "qmnist-train-images-idx3-ubyte", idx(IMAGES), compressed=True)
    write(tmp_path, "qmnist-train-labels-idx2-int", idx(labels.astype(">i4"), 12), compressed=True)
    arrays = read(QMNIST(root=str(tmp_path), download=False), tmp_path)
    assert arrays["label"].tolist() == [0, 8, 6]
    urls, md5 = QMNIST(root=str(tmp_path))._urls("qmnist-train-labels-idx2-int.gz")
    assert urls[0].endswith("qmnist-train-labels-idx2-int.gz")
    assert len(md5) == 32


@pytest.mark.parametrize("kind", [EMNIST, KMNIST, QMNIST])
def test_what_was_found_is_said(kind, tmp_path):
    (tmp_path / "letters.csv").write_text("")
    with pytest.raises(UserError, match=rf"{kind.torchvision_name} is not in .* holds letters\.csv\)$"):
        read(kind(root=str(tmp_path), download=False), tmp_path)
