"""Images in a file of arrays: which arrays they are, what their numbers mean, and what is refused."""

import sys
from io import StringIO

import numpy as np
import pytest
import torch
from ganzoo_data.arrays import Arrays

from ganzoo import DataSpec, UserError
from ganzoo.data.cache import Cache
from ganzoo.engine.batches import SampleReader
from ganzoo.engine.device import Runtime
from ganzoo.metrics.real import to_float
from ganzoo.ui.progress import LineReporter

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 4, 4, 3), np.uint8)
PIXELS[0, 0, 0], PIXELS[0, 0, 1] = 0, 255
WANTED = PIXELS.transpose(0, 3, 1, 2)
GREY = PIXELS[..., 0]


def read(path, tmp_path, **options):
    dataset = Arrays(file=str(path), **options)
    return dataset, dataset.arrays(Cache(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("array", "wanted"),
    [
        (PIXELS, WANTED),
        (WANTED, WANTED),
        (GREY, GREY[:, None]),
        (GREY.reshape(6, 16), GREY[:, None]),
        (PIXELS.astype(np.int64), WANTED),
        (PIXELS.astype(np.float64), WANTED),
        (PIXELS.astype(np.float32) / 255, WANTED),
        (PIXELS.astype(np.float32) / 127.5 - 1, WANTED),
        (PIXELS > 127, np.where(WANTED > 127, 255, 0)),
        ((PIXELS > 127).astype(np.uint8), np.where(WANTED > 127, 255, 0)),
    ],
)
def test_each_layout_and_range_gives_the_same_pixels(array, wanted, tmp_path):
    np.savez_compressed(tmp_path / "x.npz", images=array)
    np.testing.assert_array_equal(read(tmp_path / "x.npz", tmp_path)[1]["sample"][:], wanted)


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (PIXELS.astype(np.int32) * 257, "values from 0 to 65535, and it is not clear which are black and white"),
        (PIXELS.astype(np.float32) / 100, "it is not clear which are black and white"),
        (np.where(PIXELS > 9, np.nan, 0), "not finite"),
        (np.zeros((6, 3, 4, 3), np.uint8), "has shape 6x3x4x3"),
        (np.zeros((6, 5, 5, 5), np.uint8), "none of them images"),
        (np.zeros((0, 4, 4), np.uint8), "has shape 0x4x4"),
    ],
)
def test_what_is_not_clear_is_refused_by_name(array, reason, tmp_path):
    np.savez(tmp_path / "x.npz", **({"images": array} if "none" not in reason else {"other": array}))
    with pytest.raises(UserError, match=reason):
        read(tmp_path / "x.npz", tmp_path)


@pytest.mark.parametrize(
    ("content", "options", "first"),
    [
        ({"x_train": PIXELS, "y_train": [3, 1, 3, 1, 3, 1], "x_test": 255 - PIXELS, "y_test": [1, 3, 1, 3, 1, 3]}, {}, 1),
        ({"x_train": 255 - PIXELS, "y_train": [1, 3] * 3, "x_test": PIXELS, "y_test": [3, 1] * 3}, {"split": "test"}, 1),
        ({"train_images": PIXELS, "train_labels": [[3], [1]] * 3, "val_images": 255 - PIXELS}, {}, 1),
        ({"images": PIXELS, "ans": ["b", "a"] * 3}, {}, 1),
        ({"arr_0": PIXELS}, {}, None),
        ({"pictures": PIXELS, "kinds": [1, 0] * 3}, {"labels": "kinds"}, 1),
        ({"mine": PIXELS, "other": 255 - PIXELS}, {"images": "mine"}, None),
        ({"X": PIXELS, "Y": [1, 0] * 3}, {"labels": None}, None),
    ],
)
def test_arrays_are_found_by_what_they_are_called(content, options, first, tmp_path):
    np.savez(tmp_path / "x.npz", **content)
    dataset, arrays = read(tmp_path / "x.npz", tmp_path, **options)
    np.testing.assert_array_equal(arrays["sample"][:], WANTED)
    assert (arrays["label"][0] if "label" in arrays else None) == first
    assert dataset.classes == (0 if first is None else 2)


def test_classes_are_called_as_the_labels_are(tmp_path):
    np.savez(tmp_path / "x.npz", images=PIXELS, labels=np.array([10, 2, 10, 2, 2, 2]))
    dataset, arrays = read(tmp_path / "x.npz", tmp_path)
    assert dataset.class_names == ("2", "10")
    assert arrays["label"].tolist() == [1, 0, 1, 0, 0, 0]


@pytest.mark.parametrize("kind", [np.int64, np.float32, bool])
def test_one_hot_rows_are_taken_for_their_columns_and_that_is_said(kind, tmp_path):
    np.savez(tmp_path / "x.npz", images=PIXELS, labels=np.eye(4, dtype=kind)[[3, 1, 3, 1, 0, 0]])
    said = StringIO()
    dataset = Arrays(file=str(tmp_path / "x.npz"))
    assert dataset.arrays(Cache(tmp_path / "cache", LineReporter(said)))["label"].tolist() == [2, 1, 2, 1, 0, 0]
    assert dataset.class_names == ("0", "1", "3")
    assert "labels their labels, one-hot: the number of the column with the 1 is taken" in said.getvalue()


@pytest.mark.parametrize(
    "labels",
    [np.ones((6, 4), int), np.zeros((6, 4)), np.full((6, 4), 0.25), np.arange(5), np.arange(6.0), np.arange(6).reshape(2, 3), np.eye(5)],
)
def test_labels_that_are_none_are_never_left_out_in_silence(labels, tmp_path):
    np.savez(tmp_path / "x.npz", images=PIXELS, labels=labels)
    with pytest.raises(UserError, match=r"labels is .*, wanted 6 whole numbers or texts, or one-hot rows of them; name other labels"):
        read(tmp_path / "x.npz", tmp_path)
    assert "label" not in read(tmp_path / "x.npz", tmp_path, labels=None)[1]


def test_what_was_found_is_said(tmp_path):
    np.savez(tmp_path / "x.npz", one=PIXELS, two=GREY)
    with pytest.raises(UserError, match=r"x\.npz holds one 6x4x4x3, two 6x4x4; name the array"):
        read(tmp_path / "x.npz", tmp_path)
    with pytest.raises(UserError, match=r"did you mean 'one'\? \(it holds: one, two\)"):
        read(tmp_path / "x.npz", tmp_path, images="ones")
    with pytest.raises(UserError, match=r"there is no file .*y\.npz \(.* holds .*x\.npz"):
        read(tmp_path / "y.npz", tmp_path)
    with pytest.raises(UserError, match=r"two is uint8 \(6, 4, 4\), wanted 6 whole numbers or texts"):
        read(tmp_path / "x.npz", tmp_path, images="one", labels="two")


def test_a_single_array_and_resizing(tmp_path):
    np.save(tmp_path / "x.npy", PIXELS)
    np.testing.assert_array_equal(read(tmp_path / "x.npy", tmp_path)[1]["sample"][:], WANTED)
    assert read(tmp_path / "x.npy", tmp_path, size=8)[1]["sample"].shape == (6, 3, 8, 8)


@pytest.mark.parametrize("content", [b"", b"text", b"PK\3\4broken", b"\x93NUMPY\1\0broken"])
def test_a_file_that_is_none_is_one_line(content, tmp_path):
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(UserError, match=r"cannot be read as \.npz, \.npy, HDF5 or TIFF"):
        read(tmp_path / "x.npz", tmp_path)


@pytest.mark.parametrize(("name", "at"), [("x.npy", 10), ("x.npz", 60), ("x.h5", -2000)])
def test_a_file_that_is_damaged_is_one_line(name, at, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (40, 16, 16), np.uint8)
    if name == "x.npz":
        np.savez_compressed(tmp_path / name, images=noise)
    elif name == "x.npy":
        np.save(tmp_path / name, noise)
    else:
        with pytest.importorskip("h5py", reason="h5py is optional").File(tmp_path / name, "w") as file:
            file.create_dataset("images", data=noise, compression="gzip")
    content = bytearray((tmp_path / name).read_bytes())
    content[at : at + 20] = bytes(20)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=r"cannot be read as \.npz, \.npy, HDF5 or TIFF"):
        read(tmp_path / name, tmp_path)


def test_nothing_is_unpickled(tmp_path):
    np.savez(tmp_path / "x.npz", images=np.array([print], object))
    with pytest.raises(UserError, match="images"):
        read(tmp_path / "x.npz", tmp_path)
    np.savez(tmp_path / "y.npz", images=PIXELS, labels=np.array([print] * 6, object))
    with pytest.raises(UserError, match="allow_pickle=False"):
        read(tmp_path / "y.npz", tmp_path)


def test_hdf5_is_read_where_h5py_is(tmp_path, monkeypatch):
    h5py = pytest.importorskip("h5py", reason="h5py is optional")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["group/images"], file["group/labels"] = PIXELS, [b"b", b"a"] * 3
    monkeypatch.setattr("ganzoo_data.decoding.CHUNK_IMAGES", 1)
    dataset, arrays = read(tmp_path / "x.h5", tmp_path)
    np.testing.assert_array_equal(arrays["sample"][:], WANTED)
    assert (dataset.class_names, arrays["label"].tolist()) == (("a", "b"), [1, 0] * 3)


DEEP = np.arange(6 * 5 * 8, dtype=np.uint16).reshape(6, 5, 8) * 270


def test_sixteen_bits_are_kept_and_trained_on_as_finely(tmp_path):
    np.savez(tmp_path / "x.npz", images=DEEP, labels=[0, 1] * 3)
    _, arrays = read(tmp_path / "x.npz", tmp_path)
    sample = arrays["sample"]
    assert (sample.dtype, sample.shape) == (np.uint16, (6, 1, 5, 8))
    np.testing.assert_array_equal(sample[np.array([4, 1])][:, 0], DEEP[[4, 1]])
    data = DataSpec({"sample": (1, 5, 8), "label": ()}, classes=2)
    trained = SampleReader(arrays, data, Runtime(torch.device("cpu"), "float32", "highest")).fetch(np.array([4, 1]))["sample"]
    np.testing.assert_allclose(trained[:, 0].numpy(), DEEP[[4, 1]] / 32767.5 - 1, atol=1e-6)
    seen = to_float(sample[np.array([4, 1])], torch.device("cpu"))  # by metrics
    assert torch.equal(seen, trained)


def test_white_is_what_is_said(tmp_path):
    np.save(tmp_path / "x.npy", DEEP // 16)
    _, arrays = read(tmp_path / "x.npy", tmp_path, white=4095)
    np.testing.assert_array_equal(arrays["sample"][3][0], np.rint(DEEP[3] // 16 * (65535 / 4095)))
    with pytest.raises(UserError, match=r"values from 0 to 4033, beyond white at 4000; choose another data\.white"):
        read(tmp_path / "x.npy", tmp_path, white=4000)
    assert read(tmp_path / "x.npy", tmp_path, size=(10, 8))[1]["sample"][:].max() <= 4033


@pytest.mark.parametrize("shape", [(6, 4, 5, 9), (6, 5, 9, 4), (6, 7, 20, 20), (6, 2, 5, 9)])
def test_more_channels_lie_on_the_shorter_axis(shape, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    np.save(tmp_path / "x.npy", pixels)
    wanted = pixels if shape[1] < shape[3] else pixels.transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(read(tmp_path / "x.npy", tmp_path)[1]["sample"][:], wanted)


def test_a_tiff_of_many_channels_is_read_where_tifffile_is(tmp_path, monkeypatch):
    tifffile = pytest.importorskip("tifffile", reason="tifffile is optional")
    pixels = np.random.default_rng(0).integers(0, 65536, (6, 5, 8, 9), np.uint16)
    tifffile.imwrite(tmp_path / "x.tif", pixels, photometric="minisblack")
    np.testing.assert_array_equal(read(tmp_path / "x.tif", tmp_path)[1]["sample"][:], pixels)
    monkeypatch.setitem(sys.modules, "tifffile", None)
    with pytest.raises(UserError, match=r"x\.tif is a TIFF, which is read by tifffile, and that is not installed; pip install tifffile"):
        read(tmp_path / "x.tif", tmp_path)


def test_without_h5py_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "x.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(UserError, match=r"x\.h5 is an HDF5 file, which is read by h5py, and that is not installed; pip install h5py"):
        read(tmp_path / "x.h5", tmp_path)
