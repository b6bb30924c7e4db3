"""The IDX reader takes exactly what the header promises."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from ganzoo_data import idx

from ganzoo import UserError


def packed(array: np.ndarray, kind: int = 0x08) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, kind, array.ndim, *array.shape) + array.tobytes()


IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


@pytest.mark.parametrize("wrap", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_reads_plain_and_compressed(tmp_path: Path, wrap):
    path = tmp_path / "images"
    path.write_bytes(wrap(packed(IMAGES)))
    found = idx.read(path, 3)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, IMAGES)


WHOLE = packed(IMAGES)
BROKEN = {
    "empty": (b"", "does not begin as one"),
    "another kind": (b"\x89PNG\r\n\x1a\n", "does not begin as one"),
    "float elements": (packed(IMAGES, kind=0x0D), "type 0x0d"),
    "two dimensions": (packed(IMAGES[0]), "2 dimensions"),
    "ends in the header": (WHOLE[:9], "ends in the header"),
    "truncated": (WHOLE[:-1], "truncated: 23 of 24 bytes"),
    "too long": (WHOLE + b"x", "bytes follow"),
    "no images": (packed(IMAGES[:0]), "which is nothing"),
    "promises terabytes": (struct.pack(">BBBB3I", 0, 0, 8, 3, 2**31, 2**10, 2**10), "more than"),
    "truncated gzip": (gzip.compress(WHOLE)[:-9], "end-of-stream"),
    "damaged gzip": (gzip.compress(WHOLE)[:-8] + b"\0" * 8, "CRC"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_refuses_what_is_broken(tmp_path: Path, case):
    content, reason = BROKEN[case]
    path = tmp_path / "images"
    path.write_bytes(content)
    with pytest.raises(UserError, match=reason) as caught:
        idx.read(path, 3)
    assert caught.value.key == "data.root"
    assert str(path) in str(caught.value)


def test_names_a_missing_file(tmp_path: Path):
    with pytest.raises(UserError, match="No such file"):
        idx.read(tmp_path / "nothing", 3)
