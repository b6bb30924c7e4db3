"""Any folder of pictures: nested, mixed, with or without labels, with litter and damage in it."""

from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from ganzoo_data.folder import ImageFolder
from PIL import Image

from ganzoo import UserError
from ganzoo.data.cache import Cache
from ganzoo.ui.progress import LineReporter


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def paint(path: Path, grey: int, mode: str = "RGB", size: tuple[int, int] = (20, 24)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, grey).convert(mode).save(path)


def read(root: Path, cache: Cache, **options):
    dataset = ImageFolder(root=str(root), size=8, **options)
    return dataset, dataset.arrays(cache)


def greys(arrays) -> list[int]:
    return [round(value / 10) * 10 for value in arrays["sample"][:].mean(axis=(1, 2, 3))]


def test_nested_folders_and_mixed_formats_in_order_of_their_names(tmp_path, cache):
    root = tmp_path / "data"
    paint(root / "b.png", 20)
    paint(root / "a.JPG", 10)
    paint(root / "deep" / "er" / "c.webp", 40, "RGBA")
    paint(root / "deep" / "d.gif", 30, "P")
    paint(root / "é ü.bmp", 50, "L")
    (root / "notes.txt").write_text("not a picture")
    dataset, arrays = read(root, cache)
    assert arrays.keys() == {"sample"}
    assert arrays["sample"].shape == (5, 3, 8, 8)
    assert greys(arrays) == [10, 20, 30, 40, 50]
    assert (dataset.classes, dataset.class_names) == (0, ())


def test_litter_is_passed_over(tmp_path, cache):
    root = tmp_path / "data"
    paint(root / "a.png", 10)
    paint(root / ".hidden.png", 90)
    paint(root / ".thumbnails" / "a.png", 90)
    paint(root / "__MACOSX" / "a.png", 90)
    (root / "._a.png").write_bytes(b"resource fork")
    assert greys(read(root, cache)[1]) == [10]


def test_one_channel(tmp_path, cache):
    paint(tmp_path / "data" / "a.png", 60)
    _, arrays = read(tmp_path / "data", cache, channels=1)
    assert arrays["sample"].shape == (1, 1, 8, 8)


def with_classes(root: Path) -> Path:
    paint(root / "dogs" / "a.png", 30)
    paint(root / "cats" / "b.png", 10)
    paint(root / "cats" / "more" / "c.png", 20)
    (root / "empty").mkdir()
    return root


@pytest.mark.parametrize("labels", ["auto", True])
def test_the_first_level_of_folders_gives_the_labels(tmp_path, cache, labels):
    dataset, arrays = read(with_classes(tmp_path / "data"), cache, labels=labels)
    assert (dataset.classes, dataset.class_names) == (2, ("cats", "dogs"))
    assert greys(arrays) == [10, 20, 30]
    assert arrays["label"].tolist() == [0, 0, 1]
    assert arrays["label"].dtype == np.int64


def test_labels_can_be_turned_off(tmp_path, cache):
    dataset, arrays = read(with_classes(tmp_path / "data"), cache, labels=False)
    assert arrays.keys() == {"sample"}
    assert dataset.classes == 0


def test_a_loose_picture_means_no_labels_or_a_refusal(tmp_path, cache):
    root = with_classes(tmp_path / "data")
    paint(root / "loose.png", 90)
    assert read(root, cache)[1].keys() == {"sample"}
    with pytest.raises(UserError, match=r"data\.labels: 1 pictures lie in no sub-folder of .*: loose\.png"):
        read(root, cache, labels=True)


def test_labels_follow_when_bad_pictures_are_left_out(tmp_path):
    root = with_classes(tmp_path / "data")
    (root / "cats" / "b.png").write_bytes(b"damaged")
    log = StringIO()
    _, arrays = read(root, Cache(tmp_path / "cache", LineReporter(log)), max_bad=0.5)
    assert greys(arrays) == [20, 30]
    assert arrays["label"].tolist() == [0, 1]
    assert "1 of 3 images cannot be read: cats/b.png (not a picture, or of an unknown format)" in log.getvalue()


def test_too_many_bad_pictures_are_refused(tmp_path, cache):
    root = with_classes(tmp_path / "data")
    (root / "cats" / "b.png").write_bytes(b"damaged")
    with pytest.raises(UserError, match=r"cats/b\.png .*data\.max_bad allows 1\.0%"):
        read(root, cache)


def test_crop_is_in_the_pictures_own_pixels(tmp_path, cache):
    root = tmp_path / "data"
    image = Image.new("L", (40, 40), 200)
    image.paste(50, (10, 10, 30, 30))
    root.mkdir()
    image.save(root / "a.png")
    assert (read(root, cache, crop=20)[1]["sample"][:] == 50).all()
    assert (read(root, cache)[1]["sample"][:] == 200).any()
    with pytest.raises(UserError, match=r"a\.png \(40 x 40 is smaller than the crop of 41\)"):
        read(root, cache, crop=41)


def test_a_changed_picture_is_seen(tmp_path, cache):
    paint(tmp_path / "data" / "a.png", 10)
    assert greys(read(tmp_path / "data", cache)[1]) == [10]
    paint(tmp_path / "data" / "a.png", 90, size=(21, 24))
    assert greys(read(tmp_path / "data", cache)[1]) == [90]


def test_linked_folders_are_read_once_even_in_a_circle(tmp_path, cache):
    root = tmp_path / "data"
    paint(root / "a.png", 10)
    paint(tmp_path / "elsewhere" / "b.png", 20)
    (root / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(root)
    assert greys(read(root, cache)[1]) == [10, 20]


def test_names_what_is_missing(tmp_path, cache):
    with pytest.raises(UserError, match=r"data\.root: the folder .*nowhere does not exist; set data\.root") as caught:
        read(tmp_path / "nowhere", cache)
    assert caught.value.exit_code == 2
    (tmp_path / "faces.zip").write_bytes(b"")
    with pytest.raises(UserError, match=r"faces\.zip cannot be read: it is neither a zip nor a tar"):
        read(tmp_path / "faces.zip", cache)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"no pictures in .*empty; name a folder with files called .*\.png"):
        read(tmp_path / "empty", cache)


def test_labels_of_pictures_that_are_not_there_are_said(tmp_path):
    root = tmp_path / "data"
    for name in ("train/cat/a", "train/dog/b", "val/cat/a", "val/dog/b"):
        paint(root / f"{name}.png", 10)
    (root / "l.csv").write_text("train/cat/a.png,x\ntrain/dog/b.png,y\nval/cat/a.png,x\nval/dog/b.png,y\ngone.png,z\n")
    said = StringIO()
    read(root, Cache(tmp_path / "cache", LineReporter(said)), labels="l.csv")
    assert "l.csv has labels of 1 pictures that are not there: gone.png, ..." in said.getvalue()
