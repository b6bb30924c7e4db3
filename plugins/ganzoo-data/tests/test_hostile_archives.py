"""Archives that attack whoever unpacks them: nothing is written anywhere, and the user gets one clear line.

Every archive that a data set reads is attacked: CelebA's zip, CIFAR-10's tar, MNIST's gzip. What is written is watched in the
interpreter itself, so that a file that was removed again counts too.
"""

import gzip
import io
import os
import struct
import sys
import tarfile
import zipfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from ganzoo_data import archives, cifar
from ganzoo_data.celeba import CelebA
from ganzoo_data.cifar import CIFAR10
from ganzoo_data.mnist import MNIST
from PIL import Image

from ganzoo import UserError
from ganzoo.data.cache import Cache

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_watched: list[list[str]] = []


def _note(event, arguments):
    written = event in ("os.mkdir", "os.link", "os.symlink", "os.rename") or (event == "open" and arguments[2] and arguments[2] & WRITING)
    for names in _watched if written and not isinstance(arguments[0], int) else ():  # a descriptor: its file was noted when it was opened
        names.append(os.fsdecode(arguments[0]))


sys.addaudithook(_note)


@contextmanager
def nothing_is_written_but_in(folder: Path):
    written: list[str] = []
    _watched.append(written)
    try:
        yield
    finally:
        _watched.remove(written)
    assert [name for name in written if folder not in (Path(name), *Path(name).parents)] == []


@contextmanager
def nothing_grows_beyond(megabytes: int):
    """The process's memory, at its peak within the block."""
    if sys.platform != "linux":
        yield
        return
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = peak()
    yield
    assert peak() - before < megabytes


def peak() -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) >> 10


def test_growth_is_noticed():
    with pytest.raises(AssertionError), nothing_grows_beyond(100):
        bytearray(os.urandom(1 << 20)) * 200


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
    "no archive": (lambda path: path.write_bytes(b"<html>Quota exceeded</html>"), "not a zip file"),
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
    archives.Zip(tmp_path / "many.zip")
    with zipfile.ZipFile(tmp_path / "many.zip", "a") as archive:
        for number in range(20):
            archive.writestr(f"{number}", b"")
    with pytest.raises(archives.BadArchive, match="more than 1000"):
        archives.Zip(tmp_path / "many.zip")


# CIFAR-10: a tar.

RECORDS = np.arange(2 * 3073, dtype=np.uint8).reshape(2, 3073) % 10
BATCHES = [f"cifar-10-batches-bin/data_batch_{number}.bin" for number in range(1, 6)]


def member(name, content=b"", kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = len(content), kind, link
    return info, io.BytesIO(content)


def good_members(skip=()):
    return [member(name, RECORDS.tobytes()) for name in BATCHES if name not in skip]


class Zeros(io.RawIOBase):
    def read(self, size=-1):
        return bytes(size)


def large(name, size):
    info = tarfile.TarInfo(name)
    info.size = size
    return info, Zeros()


LACKS = r"lacks cifar-10-batches-bin/data_batch_3\.bin"
THIRD = BATCHES[2:3]
TARS = {
    "path traversal": (lambda: [member("../planted.bin", b"bad"), member("cifar-10-batches-bin/../../planted.bin", b"bad")], (), None),
    "absolute paths": (lambda: [member("/planted.bin", b"bad")], (), None),
    "a symbolic link": (lambda: [member(BATCHES[2], kind=tarfile.SYMTYPE, link="/etc/passwd")], THIRD, LACKS),
    "a hard link": (lambda: [member(BATCHES[2], kind=tarfile.LNKTYPE, link="../../secret.bin")], THIRD, LACKS),
    "a link to a folder, and a file behind it": (
        lambda: [member("cifar-10-batches-bin", kind=tarfile.SYMTYPE, link="/tmp"), member("cifar-10-batches-bin/planted", b"bad")],
        (),
        None,
    ),
    "a device": (lambda: [member(BATCHES[2], kind=tarfile.CHRTYPE)], THIRD, LACKS),
    "a pipe": (lambda: [member(BATCHES[2], kind=tarfile.FIFOTYPE)], THIRD, LACKS),
    "a name twice": (lambda: [member(BATCHES[2], RECORDS.tobytes())], (), r"it holds cifar-10-batches-bin/data_batch_3\.bin twice"),
    "a bomb beside": (lambda: [large("cifar-10-batches-bin/readme.html", 1 << 27)], (), "it unpacks to more than 67108864 bytes"),
    "a bomb in its place": (lambda: [large(BATCHES[2], 40_000_000)], THIRD, "has more than 30730000 bytes"),
    "many members": (lambda: [member(f"{number}") for number in range(200)], (), "it holds more than 100 members"),
    "names in Unicode": (lambda: [member("cifar-10-batches-bin/data_batch_\uff11.bin", b"bad"), member("\u202enib", b"")], (), None),
}


@pytest.mark.parametrize("name", TARS)
@pytest.mark.promise("Hostile input", "Archives that attack: nothing is written outside the cache, one clear line, within 100 MB")
def test_tars_that_attack(name, tmp_path, monkeypatch, found):
    make, skip, reason = TARS[name]
    monkeypatch.setattr(archives, "MAX_MEMBERS", 100)
    monkeypatch.setattr(cifar, "MAX_ARCHIVE_BYTES", 1 << 26)
    root = tmp_path / "data"
    root.mkdir()
    with gzip.open(root / "cifar-10-binary.tar.gz", "wb", 1) as packed, tarfile.open(fileobj=packed, mode="w|") as tar:
        for info, content in [*make(), *good_members(skip)]:
            tar.addfile(info, content)
    dataset = CIFAR10(root=str(root), download=False)
    with nothing_is_written_but_in(tmp_path / "nowhere"):
        if reason is None:
            np.testing.assert_array_equal(dataset.arrays(Cache(tmp_path / "nowhere"))["label"], np.tile(RECORDS[:, 0], 5))
        else:
            with pytest.raises(UserError, match=reason) as caught:
                dataset.arrays(Cache(tmp_path / "nowhere"))
            assert "\n" not in str(caught.value)
            assert caught.value.key == "data.root"
    found(f"tar: {name}")


# MNIST: gzip.


def idx(*shape, data):
    return bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + data


DIGITS = idx(10, 28, 28, data=bytes(10 * 28 * 28))
GZIPS = {
    "a bomb that says so": (gzip.compress(idx(1 << 21, 28, 28, data=bytes(1 << 20))), "more than 1073741824 bytes"),
    "a bomb that lies": (gzip.compress(idx(10, 28, 28, data=bytes(1 << 28)), 1), "bytes follow the 7840"),
    "a wrong CRC": (gzip.compress(DIGITS)[:-8] + bytes(8), "CRC"),
    "a name that leads elsewhere": (
        b"\x1f\x8b\x08\x08" + bytes(6) + b"../../planted\0" + gzip.compress(DIGITS)[10:],
        None,
    ),
    "truncated": (gzip.compress(idx(10, 28, 28, data=os.urandom(7840)))[:-2000], "end-of-stream"),
    "a second member behind": (gzip.compress(DIGITS) + gzip.compress(b"more"), "bytes follow"),
}


@pytest.mark.parametrize("name", GZIPS)
@pytest.mark.promise("Hostile input", "Archives that attack: nothing is written outside the cache, one clear line, within 100 MB")
def test_gzips_that_attack(name, tmp_path, found):
    content, reason = GZIPS[name]
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(content)
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(10, data=bytes(range(10)))))
    dataset = MNIST(root=str(tmp_path), download=False)
    with nothing_is_written_but_in(tmp_path / "nowhere"):
        if reason is None:
            assert len(dataset.arrays(Cache(tmp_path / "nowhere"))["label"]) == 10
        else:
            with pytest.raises(UserError, match=reason) as caught:
                dataset.arrays(Cache(tmp_path / "nowhere"))
            assert "\n" not in str(caught.value)
    found(f"gzip: {name}")


def test_there_are_more_than_twelve_attacks():
    assert len(ZIPS) + len(TARS) + len(GZIPS) == 32
