"""A folder of pictures in a zip or a tar is read where it is, and gives what the folder gives."""

import io
import tarfile
import zipfile

import numpy as np
import pytest
from ganzoo_data import archives, sources
from ganzoo_data.folder import ImageFolder
from ganzoo_data.pairs import Paired, Unpaired
from PIL import Image

from ganzoo import UserError
from ganzoo.data.cache import Cache
from ganzoo.ui.progress import LineReporter


@pytest.fixture
def data(tmp_path):
    """A folder "pets" with two classes of pictures, and litter."""
    for i, name in enumerate(("cat/1.png", "cat/2.png", "dog/deep/3.png", "dog/4.png")):
        path = tmp_path / "pets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(i).integers(0, 256, (8, 8, 3), np.uint8)).save(path)
    for name in ("__MACOSX/cat/._1.png", "cat/.hidden.png", "notes.txt"):
        path = tmp_path / "pets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("litter")
    return tmp_path


def members(data):
    return [path for path in sorted((data / "pets").rglob("*")) if path.is_file()]


def nested_zip(data, path):
    with zipfile.ZipFile(path, "w") as archive:
        for member in members(data):
            archive.write(member, member.relative_to(data))


def flat_zip(data, path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members(data):
            archive.write(member, member.relative_to(data / "pets"))


def plain_tar(data, path):
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        archive.add(data / "pets", "pets")


def compressed_tar(data, path):
    with tarfile.open(path, "w:gz") as archive:
        archive.add(data / "pets", ".")


def windows_zip(data, path):
    with zipfile.ZipFile(path, "w") as archive:
        for member in members(data):
            archive.writestr(zipfile.ZipInfo(str(member.relative_to(data)).replace("/", "\\")), member.read_bytes())


def xz_tar(data, path):
    with tarfile.open(path, "w:xz") as archive:
        archive.add(data / "pets", "pets")


def bz2_tar(data, path):
    with tarfile.open(path, "w:bz2") as archive:
        archive.add(data / "pets", "pets")


WAYS = [nested_zip, flat_zip, windows_zip, plain_tar, compressed_tar, xz_tar, bz2_tar]


def read(root, tmp_path, **options):
    dataset = ImageFolder(root=str(root), size=8, **options)
    return dataset, dataset.arrays(Cache(tmp_path / "cache"))


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("write", WAYS)
def test_an_archive_gives_what_its_folder_gives(write, processes, data, tmp_path, monkeypatch):
    monkeypatch.setattr("ganzoo_data.decoding.process_count", lambda: processes)
    monkeypatch.setattr("ganzoo_data.decoding.CHUNK_IMAGES", 1)
    write(data, data / "archive")
    plain, wanted = read(data / "pets", tmp_path)
    archived, found = read(data / "archive", tmp_path)
    assert archived.class_names == plain.class_names == ("cat", "dog")
    assert found["label"].tolist() == wanted["label"].tolist() == [0, 0, 1, 1]
    np.testing.assert_array_equal(found["sample"][:], wanted["sample"][:])


@pytest.mark.parametrize("write", WAYS)
def test_labels_lie_beside_an_archive_and_splits_within(write, data, tmp_path):
    (data / "pets/cat").rename(data / "pets/train")
    (data / "pets/dog").rename(data / "pets/val")
    write(data, data / "archive")
    (data / "labels.csv").write_text("1.png,x\n2.png,y\n3.png,x\n4.png,y\n")
    dataset, arrays = read(data / "archive", tmp_path, labels="labels.csv", split="all")
    assert (dataset.class_names, arrays["label"].tolist()) == (("x", "y"), [0, 1, 1, 0])  # val/4 comes before val/deep/3
    assert len(read(data / "archive", tmp_path)[1]["sample"]) == 2


def test_an_archive_that_is_made_again_is_read_again(data, tmp_path):
    nested_zip(data, data / "a.zip")
    before = read(data / "a.zip", tmp_path)[1]["sample"][:]
    Image.new("RGB", (8, 8), "white").save(data / "pets/cat/1.png")
    nested_zip(data, data / "a.zip")
    after = read(data / "a.zip", tmp_path)[1]["sample"][:]
    assert after[0].min() == 255
    np.testing.assert_array_equal(after[1:], before[1:])


def test_a_picture_that_is_damaged_in_its_archive_is_left_out_and_named(data, tmp_path):
    flat_zip(data, data / "a.zip")
    content = bytearray((data / "a.zip").read_bytes())
    first = content.index(b"cat/1.png") + 40
    content[first : first + 40] = bytes(40)
    (data / "a.zip").write_bytes(content)
    with pytest.raises(UserError, match=r"1 of 4 images cannot be read: cat/1\.png \(damaged in the archive"):
        read(data / "a.zip", tmp_path)
    assert len(read(data / "a.zip", tmp_path, max_bad=0.5)[1]["sample"]) == 3


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x89PNG", "neither a zip nor a tar"),
        (b"", "neither a zip nor a tar"),
        (b"PK\3\4broken", "cannot be read: File is not a zip file"),
        (b"\x1f\x8bbroken", "cannot be read: "),
    ],
)
def test_what_is_no_archive_is_one_line(content, reason, data, tmp_path):
    (data / "x").write_bytes(content)
    with pytest.raises(UserError, match=reason):
        read(data / "x", tmp_path)


def test_a_tar_that_is_cut_short_is_not_read_in_part(data, tmp_path):
    plain_tar(data, data / "a.tar")
    content = (data / "a.tar").read_bytes()
    (data / "a.tar").write_bytes(content[: content.index(b"pets/dog/4.png")])
    with pytest.raises(UserError, match="damaged, or cut short"):
        read(data / "a.tar", tmp_path)


def test_neither_links_nor_what_unpacks_to_too_much_lead_anywhere(data, tmp_path, monkeypatch):
    (tmp_path / "secret.png").write_bytes((data / "pets/cat/1.png").read_bytes())
    with tarfile.open(data / "a.tar", "w") as archive:
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "secret.png")
        archive.addfile(link)
        large = tarfile.TarInfo("large.png")
        large.size = 2000
        archive.addfile(large, io.BytesIO(bytes(2000)))
    monkeypatch.setattr(sources, "MAX_IMAGE_BYTES", 1000)
    with pytest.raises(UserError, match=r"1 of 1 images cannot be read: large\.png \(a member of 2000 bytes\)"):
        read(data / "a.tar", tmp_path)
    monkeypatch.setattr(archives, "MAX_UNPACKED_BYTES", 1000)
    compressed_tar(data, data / "a.tgz")
    with pytest.raises(UserError, match="it unpacks to more than 1000 bytes"):
        read(data / "a.tgz", tmp_path)


def test_pictures_keep_their_own_size_where_they_have_one(data, tmp_path):
    dataset = ImageFolder(root=str(data / "pets"), size=None)
    pixels = dataset.arrays(Cache(tmp_path / "cache"))["sample"]
    np.testing.assert_array_equal(pixels[0].transpose(1, 2, 0), np.asarray(Image.open(data / "pets/cat/1.png")))
    Image.new("RGB", (8, 9)).save(data / "pets/dog/odd.png")
    with pytest.raises(UserError, match=r"not all of one size: .*dog/odd\.png 8 x 9; set data\.size"):
        dataset.arrays(Cache(tmp_path / "cache"))


def test_an_archive_in_an_archive_and_alone_in_a_folder_is_read(data, tmp_path):
    wanted = read(data / "pets", tmp_path)[1]["sample"][:]
    for write, name in ((flat_zip, "a.zip"), (xz_tar, "a.tar.xz")):
        folder = data / name.replace(".", "-")
        folder.mkdir()
        write(data, folder / name)
        with zipfile.ZipFile(data / f"outer-{name}.zip", "w") as archive:
            archive.write(folder / name, f"deep/{name}")
            archive.writestr("readme.txt", "")
        with tarfile.open(data / f"outer-{name}.tar", "w") as archive:
            archive.add(folder / name, name)
        (folder / "labels.csv").write_text("")
        for root in (folder, data / f"outer-{name}.zip", data / f"outer-{name}.tar"):
            dataset, arrays = read(root, tmp_path)
            assert dataset.class_names == ("cat", "dog")
            np.testing.assert_array_equal(arrays["sample"][:], wanted)
    flat_zip(data, data / "a-zip" / "b.zip")
    with pytest.raises(UserError, match=r"holds no pictures, but archives that do: a\.zip, b\.zip; set data\.root to one of them"):
        read(data / "a-zip", tmp_path)
    with zipfile.ZipFile(data / "empty.zip", "w") as archive:
        archive.writestr("x/readme.txt", "")
    with pytest.raises(UserError, match=r"no pictures in .*empty\.zip; name a folder .*empty\.zip holds x/readme\.txt"):
        read(data / "empty.zip", tmp_path)


def test_pairs_and_domains_are_read_from_archives(data, tmp_path):
    for a, b in (("cat", "trainA"), ("dog", "trainB")):
        (data / "pets" / a).rename(data / "pets" / b)
    nested_zip(data, data / "a.zip")
    wanted, found = (Unpaired(root=str(data / name), size=8).arrays(Cache(tmp_path / "cache")) for name in ("pets", "a.zip"))
    for field in ("source", "sample"):
        np.testing.assert_array_equal(found[field][:], wanted[field][:])
    with pytest.raises(UserError, match="has no partner of trainA/1"):
        Paired(root=str(data / "a.zip"), size=8).arrays(Cache(tmp_path / "cache"))


def test_archives_beside_pictures_are_named(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    Image.new("RGB", (8, 8), (200, 10, 10)).save(folder / "a.png")
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        archive.write(folder / "a.png", "b.png")
    cache = Cache(tmp_path / "cache", LineReporter(said := io.StringIO()))
    assert len(ImageFolder(root=str(folder), size=8).arrays(cache)["sample"]) == 1
    assert said.getvalue().count("passed over more.zip beside pictures; unpack them, or set data.root to one") == 1
