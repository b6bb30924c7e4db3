"""CelebA as people have it: as Kaggle and as the Drive folders give it, archives flat and nested, lists with marks and tabs."""

import io
import shutil
import zipfile

import numpy as np
import pytest
from ganzoo_data.celeba import CelebA
from PIL import Image

from ganzoo import UserError
from ganzoo.data.cache import Cache

NAMES = [f"{i:06}.jpg" for i in range(1, 5)]
PARTS = [0, 0, 1, 2]


def face(i):
    file = io.BytesIO()
    Image.new("RGB", (178, 218), (20 * i,) * 3).save(file, "JPEG")
    return file.getvalue()


def pictures(folder):
    folder.mkdir(parents=True)
    for i, name in enumerate(NAMES):
        (folder / name).write_bytes(face(i))


def packed(path, prefix):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for i, name in enumerate(NAMES):
            archive.writestr(prefix + name, face(i))


def lists(eval_folder, anno_folder, csv=False, mark="", gap=" ", end="\n", tail=""):
    for folder in (eval_folder, anno_folder):
        folder.mkdir(parents=True, exist_ok=True)
    gap, ending = ("," if csv else gap), ("csv" if csv else "txt")
    parts = "".join(f"{name}{gap}{part}{end}" for name, part in zip(NAMES, PARTS, strict=True))
    rows = "".join(f"{name}{gap}1{gap}{1 if i % 2 else -1}{end}" for i, name in enumerate(NAMES))
    heads = (f"image_id,partition{end}", f"image_id,Male,Smiling{end}") if csv else ("", f"4{end}Male{gap}Smiling{end}")
    for path, head, text in (
        (eval_folder / f"list_eval_partition.{ending}", heads[0], parts),
        (anno_folder / f"list_attr_celeba.{ending}", heads[1], rows),
    ):
        path.write_bytes((mark + head + text + tail).encode())


def kaggle(root):
    pictures(root / "img_align_celeba" / "img_align_celeba")
    lists(root, root, csv=True)


def kaggle_within(root):
    kaggle(root / "archive")


def drive(root):
    packed(root / "Img" / "img_align_celeba.zip", "img_align_celeba/")
    lists(root / "Eval", root / "Anno")


def drive_within(root):
    pictures(root / "CelebA" / "Img" / "img_align_celeba")
    lists(root / "CelebA" / "Eval", root / "CelebA" / "Anno")


def flat_zip(root):
    packed(root / "img_align_celeba.zip", "")
    lists(root, root)


def nested_zip(root):
    packed(root / "celeba" / "img_align_celeba.zip", "img_align_celeba/img_align_celeba/")
    lists(root / "celeba", root / "celeba", csv=True)


def unknown_folders(root):
    packed(root / "foo" / "img_align_celeba.zip", "some/where/")
    lists(root / "bar" / "deep", root / "lists")


def kaggle_zip(root):
    kaggle(root / "x")
    with zipfile.ZipFile(root / "archive.zip", "w") as archive:
        for path in sorted((root / "x").rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(root / "x"))
    shutil.rmtree(root / "x")


def marks(root):
    pictures(root / "img_align_celeba")
    lists(root, root, mark="\ufeff", gap="\t", end="\r\n", tail="\r\n\r\n\x1a")


def csv_marks(root):
    pictures(root / "img_align_celeba")
    lists(root, root, csv=True, mark="\ufeff", end="\r\n", tail="\r\n")


@pytest.mark.parametrize(
    "layout", [kaggle, kaggle_within, kaggle_zip, drive, drive_within, unknown_folders, flat_zip, nested_zip, marks, csv_marks]
)
def test_each_layout_gives_the_same_pictures_and_labels(layout, tmp_path):
    layout(tmp_path / "data")
    arrays = CelebA(root=str(tmp_path / "data"), size=8, split="all", attribute="Smiling").arrays(Cache(tmp_path / "cache"))
    assert np.asarray(arrays["sample"][:]).mean(axis=(1, 2, 3)).round().tolist() == pytest.approx([0, 20, 40, 60], abs=1)
    assert arrays["label"].tolist() == [0, 1, 0, 1]
    train = CelebA(root=str(tmp_path / "data"), size=8).arrays(Cache(tmp_path / "cache"))
    assert len(train["sample"]) == 2


def test_what_was_found_is_said(tmp_path):
    (tmp_path / "data" / "faces").mkdir(parents=True)
    (tmp_path / "data" / "readme.md").write_text("")
    with pytest.raises(UserError, match=r"not found in .*data, its folders and archives; .* holds faces/, readme\.md\)$"):
        CelebA(root=str(tmp_path / "data")).arrays(Cache(tmp_path / "cache"))
    with pytest.raises(UserError, match=r"gone is not there\)$"):
        CelebA(root=str(tmp_path / "gone")).arrays(Cache(tmp_path / "cache"))


def test_two_lists_that_differ_are_refused_and_pictures_of_another_kind_are_not_taken(tmp_path):
    lists(tmp_path / "a", tmp_path / "a")
    pictures(tmp_path / "img_celeba")
    with pytest.raises(UserError, match=r"img_align_celeba\.zip \(or img_align_celeba/\) not found"):
        CelebA(root=str(tmp_path)).arrays(Cache(tmp_path / "cache"))
    lists(tmp_path / "b", tmp_path / "a", tail="5.jpg 0\n")
    with pytest.raises(UserError, match=r"a/list_eval_partition\.txt and .*b/list_eval_partition\.txt are called the same, and differ"):
        CelebA(root=str(tmp_path)).arrays(Cache(tmp_path / "cache"))
