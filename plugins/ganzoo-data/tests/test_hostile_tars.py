"""Tars and gzips that attack whoever unpacks them."""

import gzip
import io
import os
import struct
import tarfile

import numpy as np
import pytest
from ganzoo_data import cifar, streaming
from ganzoo_data.cifar import CIFAR10
from ganzoo_data.mnist import MNIST
from watched import nothing_is_written_but_in

from ganzoo import UserError
from ganzoo.data.cache import Cache

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
    monkeypatch.setattr(streaming, "MAX_MEMBERS", 100)
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
    "a bomb that says so": (lambda: gzip.compress(idx(1 << 21, 28, 28, data=bytes(1 << 20))), "more than 1073741824 bytes"),
    "a bomb that lies": (lambda: gzip.compress(idx(10, 28, 28, data=bytes(1 << 28)), 1), "bytes follow the 7840"),
    "a wrong CRC": (lambda: gzip.compress(DIGITS)[:-8] + bytes(8), "CRC"),
    "a name that leads elsewhere": (
        lambda: b"\x1f\x8b\x08\x08" + bytes(6) + b"../../planted\0" + gzip.compress(DIGITS)[10:],
        None,
    ),
    "truncated": (lambda: gzip.compress(idx(10, 28, 28, data=os.urandom(7840)))[:-2000], "end-of-stream"),
    "a second member behind": (lambda: gzip.compress(DIGITS) + gzip.compress(b"more"), "bytes follow"),
}


@pytest.mark.parametrize("name", GZIPS)
@pytest.mark.promise("Hostile input", "Archives that attack: nothing is written outside the cache, one clear line, within 100 MB")
def test_gzips_that_attack(name, tmp_path, found):
    make, reason = GZIPS[name]
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(make())
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
