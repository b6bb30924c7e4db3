"""Metadata cost no picture: whatever is wrong with them, the pixels are read, and turned where the orientation can be told."""

import io
import random
import struct
import zlib

import numpy as np
import pytest
from ganzoo_data.images import BadImage, decode
from PIL import Image, features

UPRIGHT = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
STORED = Image.fromarray(np.ascontiguousarray(np.rot90(UPRIGHT)))
"""To be turned by a quarter: orientation 6."""
LOSSLESS = {"PNG": {}, "WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}


def saved(kind: str, **options) -> bytes:
    if kind == "WEBP" and not features.check("webp"):
        pytest.skip("this Pillow was built without WebP")
    file = io.BytesIO()
    STORED.save(file, kind, **LOSSLESS[kind], **options)
    return file.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def with_chunk(*chunks: bytes, exif: bytes = b"") -> bytes:
    content = saved("PNG", exif=exif)
    return content[:33] + b"".join(chunks) + content[33:]


def check(content: bytes, turned: bool, tolerance: int = 0) -> None:
    expected = UPRIGHT[:, 2:14] if turned else np.asarray(STORED)[2:14]
    found = decode(content, size=12).transpose(1, 2, 0).astype(int)
    assert np.abs(found - expected).max() <= tolerance


def entry(tag: int, kind: int, count: int, value: bytes) -> bytes:
    return struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")


def exif(*entries: bytes) -> bytes:
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries)) + b"".join(entries) + bytes(4)


ORIENTED = entry(0x0112, 3, 1, b"\6\0")
EXIF = {
    "good": exif(ORIENTED),
    "as a long": exif(entry(0x0112, 4, 1, b"\6\0\0\0")),
    "big-endian": b"Exif\0\0MM\0*" + struct.pack(">IHHHIHH", 8, 1, 0x0112, 3, 1, 6, 0) + bytes(4),
    "beside a resolution of type text": exif(entry(0x011A, 2, 4, b"72\0\0"), ORIENTED),
    "beside a maker of type double": exif(entry(0x010F, 12, 1, b"\xff\xff\0\0"), ORIENTED),
    "beside a directory that is text": exif(ORIENTED, entry(0x8769, 2, 4, b"abc\0")),
    "beside a directory that lies nowhere": exif(ORIENTED, entry(0x8769, 4, 1, b"\xff\xff\xff\x7f")),
    "beside a value that lies nowhere": exif(entry(0x010F, 2, 1000, b"\xff\xff\xff\x7f"), ORIENTED),
    "beside an unknown type": exif(entry(0x010F, 77, 1, b"1"), ORIENTED),
    "in a table that ends too early": exif(ORIENTED)[:14] + b"\xff\0" + exif(ORIENTED)[16:],
}
GARBAGE = {
    "noise": b"Exif\0\0" + random.Random(0).randbytes(99),
    "text": b"Exif\0\0I am no EXIF",
    "nothing": b"Exif\0\0",
    "a table that lies nowhere": b"Exif\0\0II*\0\xff\xff\xff\xff",
    "an orientation of type text": exif(entry(0x0112, 2, 2, b"6\0")),
    "an orientation of 9": exif(entry(0x0112, 3, 1, b"\x09\0")),
    "an orientation of 0": exif(entry(0x0112, 3, 1, b"\0\0")),
}


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize("case", EXIF)
def test_a_good_orientation_is_followed_whatever_stands_beside_it(kind, case):
    check(saved(kind, exif=EXIF[case]), turned=True, tolerance=6 if kind == "JPEG" else 0)


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize("case", GARBAGE)
def test_garbage_for_exif_leaves_the_picture_as_it_is_stored(kind, case):
    check(saved(kind, exif=GARBAGE[case]), turned=False, tolerance=6 if kind == "JPEG" else 0)


def test_damaged_exif_never_costs_a_picture():
    chance = random.Random(0)
    for i in range(150):
        damaged = bytearray(Image.Exif().tobytes() if i % 10 == 0 else EXIF["beside a directory that is text"])
        for _ in range(chance.randrange(1, 6)):
            damaged[chance.randrange(6, len(damaged))] = chance.randrange(256)
        for kind in LOSSLESS:
            assert decode(saved(kind, exif=bytes(damaged)), size=12).shape == (3, 12, 12)


XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'


def test_xmp_and_raw_profiles_give_the_orientation_where_exif_does_not():
    check(saved("JPEG", xmp=XMP), turned=True, tolerance=6)
    check(saved("JPEG", xmp=XMP, exif=GARBAGE["noise"]), turned=True, tolerance=6)
    check(with_chunk(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)), turned=True)
    profile = b"\nexif\n      99\n" + EXIF["good"].hex().encode()
    check(with_chunk(chunk(b"tEXt", b"Raw profile type exif\0" + profile)), turned=True)
    check(with_chunk(chunk(b"tEXt", b"Raw profile type exif\0\nexif\n 3\nno hex")), turned=False)


LONG = zlib.compress(bytes(3 << 20))
CHUNKS = {
    "compressed text of 3 MB": chunk(b"zTXt", b"Comment\0\0" + LONG),
    "international text of 3 MB": chunk(b"iTXt", b"Comment\0\1\0\0\0" + LONG),
    "a colour profile of 3 MB": chunk(b"iCCP", b"ICC\0\0" + LONG),
    "texts of 70 MB": b"".join(chunk(b"tEXt", b"Comment\0" + b"a" * 700_000) for _ in range(100)),
    "compressed text that is not a zlib": chunk(b"zTXt", b"Comment\0\0no zlib"),
    "a resolution cut short": chunk(b"pHYs", b"\0"),
    "a gamma cut short": chunk(b"gAMA", b"\0"),
    "text with a wrong checksum": chunk(b"tEXt", b"Comment\0abc")[:-4] + bytes(4),
}


@pytest.mark.parametrize("case", CHUNKS)
def test_a_png_is_read_whatever_its_texts_and_profiles_are(case, tmp_path):
    check(with_chunk(CHUNKS[case]), turned=False)
    oriented = with_chunk(CHUNKS[case], exif=EXIF["good"])
    check(oriented, turned=True)
    check(with_chunk(CHUNKS[case], chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)), turned=True)
    (tmp_path / "a.png").write_bytes(oriented)
    np.testing.assert_array_equal(decode(tmp_path / "a.png", size=12), decode(oriented, size=12))


def test_a_bomb_in_the_pixels_is_refused_whatever_its_metadata_are():
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8193, 8192, 8, 2, 0, 0, 0))
    for text in (b"", CHUNKS["compressed text of 3 MB"]):
        with pytest.raises(BadImage, match="more than 67108864 pixels"):
            decode(b"\x89PNG\r\n\x1a\n" + header + text + chunk(b"IDAT", zlib.compress(bytes(1 << 20))) + chunk(b"IEND", b""), size=8)
