"""Pairs, domains without pairs, thumbnails and holes."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from ganzoo_data.folder import ImageFolder
from ganzoo_data.images import decode
from ganzoo_data.pairs import Paired, Unpaired
from ganzoo_data.sources import find_pictures
from PIL import Image

from ganzoo import UserError
from ganzoo.data.cache import Cache
from ganzoo.data.spec import describe_data
from ganzoo.engine.batches import Batches
from ganzoo.engine.device import Runtime

CPU = Runtime(torch.device("cpu"), "fp32", "highest")


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def paint(path: Path, *greys: int, edge: int = 24) -> None:
    """A picture of squares side by side."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.repeat(np.array([greys], np.uint8), edge, axis=1).repeat(edge, axis=0)).convert("RGB").save(path)


def means(rows) -> list[int]:
    return np.asarray(rows[:]).mean(axis=(1, 2, 3)).round().astype(int).tolist()


def test_a_pair_side_by_side_is_cut_in_two_and_may_be_turned_round(tmp_path, cache):
    for i in range(3):
        paint(tmp_path / f"data/train/{i}.png", 10 + i, 200 + i)
    paint(tmp_path / "data/test/0.png", 90, 91)
    arrays = Paired(root=str(tmp_path / "data"), size=8).arrays(cache)
    assert arrays["sample"].shape == arrays["source"].shape == (3, 3, 8, 8)
    assert (means(arrays["source"]), means(arrays["sample"])) == ([10, 11, 12], [200, 201, 202])
    back = Paired(root=str(tmp_path / "data"), size=8, direction="BtoA", split="test").arrays(cache)
    assert (means(back["source"]), means(back["sample"])) == ([91], [90])


@pytest.mark.parametrize(("a", "b"), [("trainA", "trainB"), ("A/train", "B/train"), ("train/A", "train/B"), ("A", "B")])
def test_pairs_in_two_folders_have_equal_names_whatever_their_format(tmp_path, cache, a, b):
    for i, name in enumerate(("x", "deep/y")):
        paint(tmp_path / f"data/{a}/{name}.png", 10 * i + 10)
        paint(tmp_path / f"data/{b}/{name}.bmp", 10 * i + 100)
    arrays = Paired(root=str(tmp_path / "data"), size=8, channels=1).arrays(cache)
    assert [second - first for first, second in zip(means(arrays["source"]), means(arrays["sample"]), strict=True)] == [90, 90]
    paint(tmp_path / f"data/{a}/alone.png", 1)
    with pytest.raises(UserError, match=r"has no partner of .*alone\.png"):
        Paired(root=str(tmp_path / "data"), size=8).arrays(cache)


@pytest.mark.parametrize("make", [Paired, Unpaired])
@pytest.mark.parametrize(
    ("folders", "said"),
    [
        (["trainA"], "has pictures in trainA/, wanted in both trainA/ and trainB/"),
        (["B"], "has pictures in B/, wanted in both A/ and B/"),
        (["TrainA", "TrainB"], "has pictures in TrainA/, TrainB/, wanted in both trainA/ and trainB/"),
        (["train/a", "train/B"], "has pictures in train/B/, train/a/, wanted in both train/A/ and train/B/"),
        (["A/train", "B/test"], "has pictures in A/train/, wanted in both A/train/ and B/train/"),
        (["trainA", "A", "B", "."], "has pictures in trainA/, wanted in both"),
    ],
)
def test_a_domain_without_its_partner_is_refused(tmp_path, cache, make, folders, said):
    for folder in folders:
        paint(tmp_path / f"data/{folder}/1.png", 10, 200)
    with pytest.raises(UserError, match=f"{said}.*; add what is missing, or spell the folders so"):
        make(root=str(tmp_path / "data"), size=8).arrays(cache)


@pytest.mark.parametrize("make", [Paired, Unpaired])
def test_domains_of_another_split_are_not_trained_on(tmp_path, cache, make):
    for folder in ("A", "B"):
        paint(tmp_path / f"data/{folder}/test/1.png", 10)
    with pytest.raises(UserError, match=r"data has no (folders trainA and trainB|pictures in a sub-folder train)"):
        make(root=str(tmp_path / "data"), size=8).arrays(cache)
    for folder in ("A", "B"):
        paint(tmp_path / f"data/{folder}/2.png", 90)
    assert means(make(root=str(tmp_path / "data"), size=8).arrays(cache)["source"]) == [90]


def test_pairs_side_by_side_lie_in_the_root_or_in_the_folder_of_their_split(tmp_path, cache):
    paint(tmp_path / "data/pairs/1.png", 10, 200)
    with pytest.raises(UserError, match=r"no pictures in a sub-folder train \(those with pictures: pairs\); choose another data\.split"):
        Paired(root=str(tmp_path / "data"), size=8).arrays(cache)
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "data")  # of one folder: that is its root
    for root in (tmp_path / "data/pairs", packed):
        assert means(Paired(root=str(root), size=8).arrays(cache)["sample"]) == [200]
    for other in ("test", "testA"):
        paint(tmp_path / f"{other}/{other}/1.png", 10, 200)
        for root in (tmp_path / other, shutil.make_archive(str(tmp_path / f"packed-{other}"), "zip", tmp_path / other)):
            with pytest.raises(UserError, match="no pictures in a sub-folder train"):
                Paired(root=str(root), size=8).arrays(cache)


@pytest.mark.parametrize(("width", "height", "size"), [(33, 32, 8), (32, 32, 8), (30, 32, (8, 16)), (16, 32, (16, 8))])
def test_what_cannot_be_two_pictures_side_by_side_is_refused(tmp_path, cache, width, height, size):
    (tmp_path / "data").mkdir()
    Image.new("RGB", (width, height)).save(tmp_path / "data/1.png")
    with pytest.raises(UserError, match=rf"1\.png \({width} x {height} pixels are no two pictures side by side\)"):
        Paired(root=str(tmp_path / "data"), size=size).arrays(cache)


@pytest.mark.parametrize(("width", "height", "size"), [(34, 32, 8), (32, 32, (16, 8)), (32, 16, (8, 16))])
def test_pairs_of_tall_and_of_squeezed_pictures_are_taken(tmp_path, cache, width, height, size):
    (tmp_path / "data").mkdir()
    Image.new("RGB", (width, height)).save(tmp_path / "data/1.png")
    assert Paired(root=str(tmp_path / "data"), size=size).arrays(cache)["source"].shape == (1, 3, *((size, size) if size == 8 else size))


@pytest.mark.parametrize("folder", ["trainA", "trainB"])
def test_two_pictures_of_one_name_in_a_domain_are_refused(tmp_path, cache, folder):
    for name in ("trainA/1.png", "trainB/1.png", f"{folder}/1.jpg"):
        paint(tmp_path / "data" / name, 10)
    with pytest.raises(UserError, match=rf"{folder}/1\.jpg and {folder}/1\.png are called the same but for the ending"):
        Paired(root=str(tmp_path / "data"), size=8).arrays(cache)


def test_domains_without_pairs_have_their_own_numbers_and_orders(tmp_path, cache):
    for i in range(5):
        paint(tmp_path / f"data/trainA/{i}.png", i)
    for i in range(3):
        paint(tmp_path / f"data/trainB/{i}.png", 100 + i)
    dataset = Unpaired(root=str(tmp_path / "data"), size=8, load_size=12, flip=True)
    arrays = dataset.arrays(cache)
    data = describe_data(dataset, arrays)
    assert (data.shape, data.independent, len(arrays["source"]), len(arrays["sample"])) == ((3, 8, 8), ("source",), 5, 3)
    whole = Batches(arrays, data, 3, 0, dataset.flip, CPU)
    seen = [whole.next() for _ in range(4)]
    resumed = Batches(arrays, data, 3, 0, dataset.flip, CPU, position=2 * 3)
    assert all(torch.equal(resumed.next()[name], one[name]) for one in seen[2:3] for name in one)
    with pytest.raises(UserError, match="has no folders testA and testB"):
        Unpaired(root=str(tmp_path / "data"), split="test").arrays(cache)


def test_thumbnails_and_holes_are_of_the_very_picture_and_the_same_at_each_reading(tmp_path, cache):
    noise = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), np.uint8)
    for i, picture in enumerate(noise):
        (tmp_path / "data").mkdir(exist_ok=True)
        Image.fromarray(picture).save(tmp_path / f"data/{i}.png")
    small = ImageFolder(root=str(tmp_path / "data"), size=16, low_resolution=4).arrays(cache)
    assert small["source"].shape == (4, 3, 4, 4)
    wanted = small["sample"][2].reshape(3, 4, 4, 4, 4).mean((2, 4))
    assert np.abs(small["source"][2] - wanted).max() <= 0.5
    for kind in ("centre", "random"):
        dataset = ImageFolder(root=str(tmp_path / "data"), size=16, mask=kind)
        arrays = dataset.arrays(cache)
        mask, source, sample = (arrays[name][:] for name in ("mask", "source", "sample"))
        assert (mask.dtype, mask.sum((1, 2, 3)).tolist()) == (np.float32, [64] * 4)
        assert np.array_equal(source == sample, (mask == 0) | (sample == 128))
        assert np.array_equal(arrays["mask"][np.array([3, 1])], mask[[3, 1]])
        places = {tuple(np.argwhere(each)[0]) for each in mask}
        assert (len(places) == 1) == (kind == "centre")
        batch = Batches(arrays, describe_data(dataset, arrays), 4, 0, True, CPU).next()
        assert set(batch["mask"].unique().tolist()) == {0, 1}  # never scaled
        assert torch.equal((batch["source"] == batch["sample"]).all(1, keepdim=True), batch["mask"] == 0)
    with pytest.raises(UserError, match="images of 16 x 16 cannot be reduced 5 times"):
        ImageFolder(root=str(tmp_path / "data"), size=16, low_resolution=5)


def test_an_overlap_that_leaves_no_hole_is_refused(tmp_path, cache):
    paint(tmp_path / "data/1.png", 10)
    for mask, overlap in ((None, 1), ("centre", 4), ("random", 5)):
        with pytest.raises(UserError, match=f"with an overlap of {overlap} pixels nothing of 16 x 16 is hidden"):
            ImageFolder(root=str(tmp_path / "data"), size=16, mask=mask, overlap=overlap).arrays(cache)
    seen = ImageFolder(root=str(tmp_path / "data"), size=16, mask="random", overlap=3).arrays(cache)["source"][0]
    assert (seen == 128).sum() == 3 * 2 * 2


def test_pictures_that_are_no_squares_are_cut_and_cropped_together(tmp_path, cache):
    for i, ramp in enumerate(np.random.default_rng(0).integers(0, 256, (4, 12, 20, 3), np.uint8)):
        (tmp_path / "data").mkdir(exist_ok=True)
        Image.fromarray(np.concatenate([ramp, 255 - ramp], axis=1)).save(tmp_path / f"data/{i}.png")
    dataset = Paired(root=str(tmp_path / "data"), size=(8, 16), load_size=(12, 20), flip=True)
    arrays = dataset.arrays(cache)
    data = describe_data(dataset, arrays)
    assert data.fields == {"source": (3, 8, 16), "sample": (3, 8, 16)}
    batches = Batches(arrays, data, 4, 0, True, CPU)
    first, again = batches.next(), Batches(arrays, data, 4, 0, True, CPU).next()
    torch.testing.assert_close(first["source"], -first["sample"], atol=1e-5, rtol=0)  # the same window, mirrored alike
    assert torch.equal(first["source"], again["source"])
    folder = ImageFolder(root=str(tmp_path / "data"), size=None, low_resolution=4)
    assert folder.arrays(cache)["source"].shape == (4, 3, 3, 10)
    with pytest.raises(UserError, match="images of 12 x 40 cannot be reduced 8 times"):
        ImageFolder(root=str(tmp_path / "data"), size=None, low_resolution=8).arrays(cache)


def test_a_data_set_of_a_plugin_reads_pictures_as_these_do(tmp_path, cache):
    for name, greys in {"b": (40, 90), "a": (200, 10)}.items():
        paint(tmp_path / f"data/{name}.png", *greys)
    (tmp_path / "data/c.png").write_bytes(b"no picture")
    files = [tmp_path / "data" / name for name in find_pictures(tmp_path / "data")]
    assert decode(files[0], size=None, channels=1).shape == (1, 24, 48)
    found = cache.pictures(files, (8, 16), channels=1, max_bad=0.5)
    assert (found.images.shape, found.kept.tolist(), list(found.bad.values())) == (
        (2, 1, 8, 16),
        [0, 1],
        ["not a picture, or of an unknown format"],
    )
    assert found.images[:, 0, 0, 0].tolist() == [200, 40]
    paint(files[0], 7, 7)
    assert cache.pictures(files, (8, 16), channels=1, max_bad=0.5).images[0].max() == 7  # told from what it was
    with pytest.raises(UserError, match="1 of 3 images cannot be read"):
        cache.pictures(files, 8)
