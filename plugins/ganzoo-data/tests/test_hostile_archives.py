"""Zips that attack whoever unpacks them."""

import io
import mmap
import os
import struct
import sys
import zipfile

import pytest
from ganzoo_data import archives
from ganzoo_data.celeba import CelebA
from PIL import Image
from watched import nothing_grows_beyond, nothing_is_written_but_in

from ganzoo import UserError
from ganzoo.data.cache import Cache


def test_growth_is_noticed():
    with pytest.raises(AssertionError), nothing_grows_beyond(100):
        bytearray(os.urandom(1 << 20)) * 200


@pytest.mark.skipif(sys.platform != "linux", reason="measured on Linux")
def test_growth_is_noticed_where_the_kernel_takes_pages_back(tmp_path):
    (tmp_path / "mapped").write_bytes(bytes(150 << 20))
    with (tmp_path / "mapped").open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        assert not any(mapped[:: mmap.PAGESIZE])
        with pytest.raises(AssertionError), nothing_grows_beyond(100):
            bytearray(os.urandom(1 << 20)) * (mapped.madvise(mmap.MADV_DONTNEED) or 200)


def test_what_is_written_is_noticed(tmp_path):
    with pytest.raises(AssertionError), nothing_is_written_but_in(tmp_path / "cache"):
        (tmp_path / "planted").write_text("")


# CelebA: a zip.

NAMES = [f"{number:06}.jpg" for number in range(1, 9)]


def face() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (178, 218), (200, 100, 50)).save(file, "JPEG")
    return file.getvalue()


FACE = face()


def good_zip(skip=(), mode="w", path=None):
    with zipfile.ZipFile(path, mode) as archive:
        for name in NAMES:
            if name not in skip:
                archive.writestr(f"img_align_celeba/{name}", FACE)
    return path


def add(*members):
    """An attack that adds members to a whole archive: (name or ZipInfo, content)."""

    def attack(path):
        with zipfile.ZipFile(good_zip(path=path), "a") as archive:
            for name, content in members:
                archive.writestr(name, content)

    return attack


def instead(content=FACE, **changes):
    """An attack that puts something else in the place of the third picture."""

    def attack(path):
        info = zipfile.ZipInfo(f"img_align_celeba/{NAMES[2]}")
        for name, value in changes.items():
            setattr(info, name, value)
        with zipfile.ZipFile(good_zip(skip=NAMES[2:3], path=path), "a") as archive:
            archive.writestr(info, content)

    return attack


def patch(change, content=FACE, compression=zipfile.ZIP_STORED):
    """An attack on the bytes of the third picture's headers: ``change(archive's bytes, local offset, central offset)``."""

    def attack(path):
        instead(content, compress_type=compression)(path)
        raw = bytearray(path.read_bytes())
        name = f"img_align_celeba/{NAMES[2]}".encode()
        change(raw, raw.index(name) - 30, raw.rindex(name) - 46)
        path.write_bytes(raw)

    return attack


def encrypt(raw, local, central):
    raw[local + 6] |= 1
    raw[central + 8] |= 1


def wrong_crc(raw, local, central):
    raw[local + 14] ^= 1
    raw[central + 16] ^= 1


def state_little(raw, local, central):
    """10 kB are stated; 256 MiB come."""
    raw[local + 22 : local + 26] = raw[central + 24 : central + 28] = struct.pack("<I", 10_000)


def state_much(raw, local, central):
    raw[local + 22 : local + 26] = raw[central + 24 : central + 28] = struct.pack("<I", 1 << 31)


def other_method(raw, local, central):
    raw[local + 8 : local + 10] = raw[central + 10 : central + 12] = struct.pack("<H", zipfile.ZIP_BZIP2)


def endless_list(path):
    """A list of members that says it is 3 GiB long; the file is as long, but takes no room."""
    good_zip(path=path)
    with path.open("r+b") as file:
        file.truncate(3 << 30)
        file.seek(0, os.SEEK_END)
        file.write(struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 60000, 60000, 3 << 30, 0, 0))


LINK = {"create_system": 3, "external_attr": 0o120777 << 16}
ZIPS = {
    "path traversal": (add(("../planted.jpg", FACE), ("img_align_celeba/../../planted.jpg", FACE)), None),
    "absolute paths": (add(("/planted.jpg", FACE), ("C:\\planted.jpg", FACE)), None),
    "a symbolic link": (instead(b"/etc/passwd", **LINK), r"000003\.jpg \(not a picture"),
    "a device": (instead(b"", create_system=3, external_attr=0o020666 << 16), r"000003\.jpg \(not a picture"),
    "a name twice": (add((f"img_align_celeba/{NAMES[2]}", b"other")), "it lists a name twice"),
    "a NUL in a name": (add((f"img_align_celeba/{NAMES[2]}\0.txt", b"other")), "it lists a name twice"),
    "names in Unicode": (
        add(("img_align_celeba/00000\u0661.jpg", FACE), ("img_align_celeba/\u202egpj.exe", FACE), ("\ufb01.jpg", b"")),
        None,
    ),
    "an encrypted member": (patch(encrypt), r"000003\.jpg \(damaged in the archive: .*encrypted"),
    "a wrong CRC": (patch(wrong_crc), r"000003\.jpg \(damaged in the archive: Bad CRC-32"),
    "a bomb that says so": (patch(state_much), r"000003\.jpg \(unpacks to 2147483648 bytes"),
    "a bomb that lies": (patch(state_little, bytes(1 << 28), zipfile.ZIP_DEFLATED), r"000003\.jpg \(damaged in the archive"),
    "a method without bounds": (patch(other_method), r"000003\.jpg \(compressed by method 12"),
    "an endless list of members": (endless_list, r"its list of members has 3221225472 bytes"),
    "no archive": (lambda path: path.write_bytes(b"<html>Quota exceeded</html>"), "neither a zip nor a tar"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ZIPS)
@pytest.mark.promise("Hostile input", "Archives that attack: nothing is written outside the cache, one clear line, within 100 MB")
def test_zips_that_attack(name, tmp_path, found):
    attack, reason = ZIPS[name]
    root = tmp_path / "data"
    root.mkdir()
    attack(root / "img_align_celeba.zip")
    (root / "list_eval_partition.txt").write_text("".join(f"{name} 0\n" for name in NAMES))
    cache = Cache(tmp_path / "cache")
    dataset = CelebA(root=str(root), size=8)
    with nothing_grows_beyond(100), nothing_is_written_but_in(cache.folder):
        if reason is None:
            assert len(dataset.arrays(cache)["sample"]) == len(NAMES)
        else:
            with pytest.raises(UserError, match=reason) as caught:
                dataset.arrays(cache)
            assert "\n" not in str(caught.value)
            assert caught.value.key == "data.root"
    found(f"zip: {name}")


def test_a_zip_of_a_million_members_is_refused_before_they_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_DIRECTORY_BYTES", 1000)
    good_zip(path=tmp_path / "many.zip")
    archives.Zip((tmp_path / "many.zip").open("rb"))
    with zipfile.ZipFile(tmp_path / "many.zip", "a") as archive:
        for number in range(20):
            archive.writestr(f"{number}", b"")
    with pytest.raises(archives.BadArchive, match="more than 1000"):
        archives.Zip((tmp_path / "many.zip").open("rb"))
