"""CelebA as people have it: as Kaggle and as the Drive folders give it, archives flat and nested, lists with marks and tabs."""

import io
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


def marks(root):
    pictures(root / "img_align_celeba")
    lists(root, root, mark="\ufeff", gap="\t", end="\r\n", tail="\r\n\r\n")


def csv_marks(root):
    pictures(root / "img_align_celeba")
    lists(root, root, csv=True, mark="\ufeff", end="\r\n", tail="\r\n")


@pytest.mark.parametrize("layout", [kaggle, kaggle_within, drive, drive_within, flat_zip, nested_zip, marks, csv_marks])
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
    with pytest.raises(UserError, match=r"not found in .*data; .* holds faces/, readme\.md\)$"):
        CelebA(root=str(tmp_path / "data")).arrays(Cache(tmp_path / "cache"))
    with pytest.raises(UserError, match=r"gone is not there\)$"):
        CelebA(root=str(tmp_path / "gone")).arrays(Cache(tmp_path / "cache"))
