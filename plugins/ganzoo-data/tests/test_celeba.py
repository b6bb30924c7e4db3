"""CelebA in its official layout, folder or archive: splits, attributes, crops, and lists and archives that lie."""

import io
import os
import zipfile
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from ganzoo_data import celeba
from ganzoo_data.celeba import CelebA
from PIL import Image

from ganzoo import UserError
from ganzoo.data.cache import Cache
from ganzoo.ui.progress import LineReporter

NAMES = [f"{i:06}.jpg" for i in range(1, 13)]
SPLIT_OF = [0] * 6 + [1] * 2 + [2] * 4
SMILING = [i % 3 == 0 for i in range(12)]


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def face(i: int) -> bytes:
    """Grey of brightness 20 * i, with a white frame outside the middle 116 x 116."""
    image = Image.new("L", (178, 218), 255)
    image.paste(20 * i, (31, 51, 147, 167))
    file = io.BytesIO()
    image.convert("RGB").save(file, "JPEG", quality=95)
    return file.getvalue()


def write(root: Path, packed: bool, faces: dict[str, bytes] | None = None) -> Path:
    root.mkdir(parents=True)
    faces = {name: face(i) for i, name in enumerate(NAMES)} if faces is None else faces
    if packed:
        with zipfile.ZipFile(root / "img_align_celeba.zip", "w") as archive:
            for name, content in faces.items():
                archive.writestr(f"img_align_celeba/{name}", content)
    else:
        (root / "img_align_celeba").mkdir()
        for name, content in faces.items():
            (root / "img_align_celeba" / name).write_bytes(content)
    (root / "list_eval_partition.txt").write_text("".join(f"{name} {part}\n" for name, part in zip(NAMES, SPLIT_OF, strict=True)))
    rows = [f"{name}  {1 if i % 2 else -1} {1 if smiling else -1}\n" for i, (name, smiling) in enumerate(zip(NAMES, SMILING, strict=True))]
    (root / "list_attr_celeba.txt").write_text("12\nMale Smiling \n" + "".join(rows))
    return root


def read(root: Path, cache: Cache, **options):
    arrays = CelebA(root=str(root), size=16, crop=100, **options).arrays(cache)
    return {name: np.asarray(rows) for name, rows in arrays.items()}


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize("place", [".", "celeba"])
def test_reads_the_official_layout(tmp_path, cache, packed, place):
    write(tmp_path / "data" / place, packed)
    arrays = read(tmp_path / "data", cache, split="all")
    assert arrays.keys() == {"sample"}
    assert arrays["sample"].shape == (12, 3, 16, 16)
    expected = np.broadcast_to(20 * np.arange(12)[:, None, None, None], (12, 3, 16, 16))
    np.testing.assert_allclose(arrays["sample"], expected, atol=8)


def test_folder_and_archive_give_the_same_pixels(tmp_path, cache):
    folder, archive = (read(write(tmp_path / name, name == "zip"), cache)["sample"] for name in ("folder", "zip"))
    np.testing.assert_array_equal(folder, archive)


@pytest.mark.parametrize(("split", "items"), [("train", range(6)), ("valid", range(6, 8)), ("test", range(8, 12)), ("all", range(12))])
def test_splits_and_labels_go_together(tmp_path, cache, split, items):
    arrays = read(write(tmp_path / "data", True), cache, split=split, attribute="Smiling")
    np.testing.assert_allclose(arrays["sample"].mean(axis=(1, 2, 3)), [20 * i for i in items], atol=3)
    assert arrays["label"].tolist() == [int(SMILING[i]) for i in items]
    assert arrays["label"].dtype == np.int64


def test_splits_of_one_size_are_not_mixed_up(tmp_path, cache):
    root = write(tmp_path / "data", True)
    lines = [f"{name} {i % 2}" for i, name in enumerate(NAMES)]
    (root / "list_eval_partition.txt").write_text("\n".join(lines))
    for split, first in (("train", 0), ("valid", 1)):
        np.testing.assert_allclose(read(root, cache, split=split)["sample"].mean(axis=(1, 2, 3)), 20 * np.arange(first, 12, 2), atol=3)


def test_an_attribute_makes_two_classes():
    assert (CelebA().classes, CelebA().class_names) == (0, ())
    smiling = CelebA(attribute="Smiling")
    assert (smiling.classes, smiling.class_names) == (2, ("not Smiling", "Smiling"))


def test_attributes_come_as_signs_with_a_change_that_each_picture_can_undergo(tmp_path, cache):
    arrays = read(write(tmp_path / "data", True), cache, split="all", attributes=("Smiling", "Male"))
    assert arrays["attributes"].tolist() == [[1 if smiling else -1, 1 if i % 2 else -1] for i, smiling in enumerate(SMILING)]
    for signs, change in zip(arrays["attributes"], arrays["label"], strict=True):
        assert signs[change // 2] == 1 - 2 * (change % 2)
    assert CelebA(attributes=("Smiling", "Male")).class_names == ("not Smiling", "Smiling", "not Male", "Male")
    with pytest.raises(UserError, match=r"data\.attributes: one attribute is the label"):
        CelebA(attribute="Male", attributes=("Smiling",))


def test_the_crop_matters_and_is_part_of_the_key(tmp_path, cache):
    root = write(tmp_path / "data", False)
    tight = read(root, cache)["sample"]
    wide = CelebA(root=str(root), size=16, crop=178).arrays(cache)["sample"]
    assert tight[0].max() < 30
    assert wide[0].max() > 225  # the white frame


def test_is_decoded_once(tmp_path, cache, monkeypatch):
    root = write(tmp_path / "data", True)
    read(root, cache)
    monkeypatch.delattr(celeba, "decode")
    read(root, cache)
    os.utime(root / "img_align_celeba.zip", ns=(1, 1))  # another file now, for all that is known
    with pytest.raises(NameError):
        read(root, cache)


def test_an_unknown_attribute_is_named_with_the_nearest(tmp_path, cache):
    root = write(tmp_path / "data", True)
    for options, key in (({"attribute": "Smilng"}, "attribute"), ({"attributes": ("Male", "Smilng")}, "attributes")):
        with pytest.raises(UserError, match=rf"data\.{key}: 'Smilng' is not an attribute in .*did you mean 'Smiling'\?"):
            read(root, cache, **options)
    with pytest.raises(UserError, match=r"data\.attributes: 'Male' is named twice"):
        CelebA(attributes=("Male", "Smiling", "Male"))


def test_missing_files_are_named(tmp_path, cache):
    root = write(tmp_path / "data", True)
    (root / "list_eval_partition.txt").unlink()
    with pytest.raises(
        UserError, match=r"data\.root: list_eval_partition\.txt not found in .*data, its folders and archives; get what is missing"
    ):
        read(root, cache)
    with pytest.raises(UserError, match=r"img_align_celeba\.zip \(or img_align_celeba/\) and list_eval_partition.txt not found"):
        read(tmp_path / "nowhere", cache)


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_missing_images_are_refused_unless_allowed(tmp_path, packed):
    faces = {name: face(i) for i, name in enumerate(NAMES) if i != 2}
    root = write(tmp_path / "data", packed, faces)
    log = StringIO()
    cache = Cache(tmp_path / "cache", LineReporter(log))
    with pytest.raises(UserError, match=r"1 of 6 images cannot be read: 000003\.jpg \((no such file|not in the archive)\)"):
        read(root, cache)
    arrays = read(root, cache, max_bad=0.2, attribute="Smiling")
    assert arrays["label"].tolist() == [int(SMILING[i]) for i in (0, 1, 3, 4, 5)]
    assert "000003.jpg" in log.getvalue()


def test_a_damaged_member_is_a_bad_image(tmp_path, cache):
    root = write(tmp_path / "data", True)
    archive = root / "img_align_celeba.zip"
    content = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as members:
        content[members.getinfo("img_align_celeba/000002.jpg").header_offset + 300] ^= 0xFF
    archive.write_bytes(content)
    with pytest.raises(UserError, match=r"000002\.jpg \(damaged in the archive: Bad CRC-32"):
        read(root, cache)


def test_a_member_that_unpacks_to_too_much_is_a_bad_image(tmp_path, cache, monkeypatch):
    monkeypatch.setattr(celeba, "MAX_FILE_BYTES", 100)
    with pytest.raises(UserError, match=r"000001\.jpg \(unpacks to \d+ bytes\)"):
        read(write(tmp_path / "data", True), cache)


def test_a_truncated_archive_is_refused(tmp_path, cache):
    root = write(tmp_path / "data", True)
    os.truncate(root / "img_align_celeba.zip", 5000)
    with pytest.raises(UserError, match=r"data\.root: .*img_align_celeba\.zip cannot be read: .*delete it and get it again"):
        read(root, cache)


PATHS = ["../secret.jpg", "/etc/secret.jpg", "a/b.jpg", "..", "a\\b.jpg"]


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize("name", PATHS)
def test_a_list_cannot_lead_out_of_the_folder(tmp_path, cache, packed, name):
    root = write(tmp_path / "data", packed)
    (root / "secret.jpg").write_bytes(face(1))
    (root / "list_eval_partition.txt").write_text(f"000001.jpg 0\n{name} 0\n")
    with pytest.raises(UserError, match=r"list_eval_partition\.txt:2: data\.root: .* is a path, wanted a file name"):
        read(root, cache)


def test_an_archive_with_planted_paths_writes_nothing(tmp_path, cache):
    root = write(tmp_path / "data", True)
    with zipfile.ZipFile(root / "img_align_celeba.zip", "a") as archive:
        archive.writestr("../planted.jpg", face(1))
        archive.writestr("/tmp/planted.jpg", face(1))
    before = {path for path in tmp_path.rglob("*") if "cache" not in path.parts}
    assert len(read(root, cache)["sample"]) == 6
    assert {path for path in tmp_path.rglob("*") if cache.folder not in (path, *path.parents)} == before


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("list_eval_partition.txt", "000001.jpg 0\n000002.jpg 3\n", r"partition\.txt:2: data\.root: '000002\.jpg 3' is not a line"),
        ("list_eval_partition.txt", "", "lists no images of the split 'train'"),
        ("list_eval_partition.txt", "000001.jpg 0\n999999.jpg 0\n", r"lacks 1 images of list_eval_partition\.txt: 999999\.jpg"),
        ("list_attr_celeba.txt", "12\nMale Smiling\n000001.jpg 1\n", r"attr_celeba\.txt:3: data\.root: wanted a name and 2 times"),
        ("list_attr_celeba.txt", "12\nMale Smiling\n000001.jpg 1 0\n", r"attr_celeba\.txt:3: data\.root"),
        ("list_eval_partition.txt", "000001.jpg 0\n000001.jpg 2\n", r"partition\.txt:2: data\.root: '000001\.jpg' is listed twice"),
        ("list_attr_celeba.txt", "", "'Smiling' is not an attribute"),
        ("list_attr_celeba.txt", "Smiling\n000001.jpg 1\n", r"txt:2: data\.root: '000001\.jpg 1' is not the line of the attributes' names"),
        ("list_attr_celeba.txt", "1\n000001.jpg -1\n", r"txt:2: data\.root: '000001\.jpg -1' is not the line of"),
        ("list_attr_celeba.txt", "3\nSmiling\n1.jpg 1\n1.jpg 1\n1.jpg -1", r"txt:5: data\.root: '1\.jpg' is listed before with other"),
        ("list_attr_celeba.txt", "\xff\xfe", "cannot be read"),
    ],
)
def test_refuses_lists_that_are_broken(tmp_path, cache, name, content, reason):
    root = write(tmp_path / "data", True)
    (root / name).write_text(content, encoding="latin-1")
    with pytest.raises(UserError, match=reason):
        read(root, cache, attribute="Smiling")


def test_a_failed_download_says_what_to_do_by_hand(tmp_path, cache, monkeypatch):
    from torchvision.datasets import utils

    def quota(file_id, root, filename, md5) -> None:
        raise RuntimeError("Too many users have viewed or downloaded this file recently")

    monkeypatch.setattr(utils, "download_file_from_google_drive", quota)
    with pytest.raises(UserError, match=r"cannot be downloaded \(Too many users.*\); get what is missing from https://mmlab") as caught:
        read(tmp_path / "data", cache, download=True)
    assert caught.value.key == "data.root"


def test_a_download_fetches_only_what_is_missing(tmp_path, cache, monkeypatch):
    from torchvision.datasets import utils

    source, root = write(tmp_path / "source", True), write(tmp_path / "data" / "celeba", True)
    (root / "img_align_celeba.zip").unlink()
    fetched = []

    def give(file_id, root, filename, md5) -> None:
        fetched.append(filename)
        Path(root, filename).write_bytes((source / filename.removesuffix(".part")).read_bytes())

    monkeypatch.setattr(utils, "download_file_from_google_drive", give)
    assert len(read(tmp_path / "data", cache, download=True)["sample"]) == 6
    assert fetched == ["img_align_celeba.zip.part"]
