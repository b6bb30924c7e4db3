"""Bytes of pictures that are odd and good, and of bombs."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

EDGE = 16
RGB = np.random.default_rng(0).integers(0, 256, (EDGE, EDGE, 3), np.uint8)
GREY, ALPHA = RGB[..., 0], RGB[..., 1]
RAMPS = [np.linspace(a, b, EDGE) for a, b in ((20, 220), (200, 40), (90, 110))]
SMOOTH = np.stack([np.tile(ramp, (EDGE, 1)) for ramp in RAMPS], -1).round().astype(np.uint8)
BITS = GREY > 127
SIXTEEN = RGB[..., 0].astype(np.uint16) * 256 + RGB[..., 1]


def saved(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def rgb(pixels=RGB) -> Image.Image:
    return Image.fromarray(pixels)


def other() -> Image.Image:
    return rgb(255 - RGB)


def triple(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[..., None], 3, -1)


def over_white(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    share = alpha[..., None] / 255
    return colour * share + 255 * (1 - share)


def palette_image() -> Image.Image:
    image = Image.fromarray(GREY % 4, "P")
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30])
    return image


PALETTE = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [10, 20, 30]])[GREY % 4]


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int, height: int, data: bytes, *before: bytes, depth: int = 8, colour: int = 2, interlaced: int = 0) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(before) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def interlaced_png() -> bytes:
    """Adam7, by the PNG specification, as Pillow cannot write it."""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    rows = [row for x, y, dx, dy in passes for row in RGB[y::dy, x::dx]]
    return png(EDGE, EDGE, b"".join(b"\0" + row.tobytes() for row in rows), interlaced=1)


def sixteen_bit_png() -> bytes:
    return png(EDGE, EDGE, b"".join(b"\0" + row.astype(">u2").tobytes() for row in SIXTEEN), depth=16, colour=0)


def bmp(width: int = EDGE, height: int = EDGE, body: bytes = RGB[::-1, :, ::-1].tobytes()) -> bytes:
    """From the bottom up, blue first."""
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(body), 0, 0, 54) + header + body


def gif_bomb() -> bytes:
    screen = struct.pack("<HHBBB", 65535, 65535, 0x80, 0, 0) + bytes(6)
    return b"GIF89a" + screen + b"," + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\x02\x01\x04\x00;"


def jpeg_bomb() -> bytes:
    content = bytearray(saved(Image.new("RGB", (8, 8)), "JPEG"))
    at = content.index(b"\xff\xc0")
    content[at + 5 : at + 9] = struct.pack(">HH", 65500, 65500)
    return bytes(content)


def bombs() -> dict[str, bytes]:
    return {
        "png": png(100_000, 100_000, b""),
        "png just above the cap": png(8193, 8193, bytes(100)),
        "jpeg": jpeg_bomb(),
        "gif": gif_bomb(),
        "bmp": bmp(60000, 60000, bytes(50)),
        "ppm": b"P6 60000 60000 255\n" + bytes(50),
    }


def cmyk() -> tuple[Image.Image, np.ndarray]:
    values = np.random.default_rng(1).integers(0, 256, (EDGE, EDGE, 4), np.uint8)
    c, m, y, k = np.moveaxis(255 - values.astype(float), -1, 0)
    return Image.fromarray(values, "CMYK"), np.stack([c * k, m * k, y * k], -1) / 255


def turned(orientation: int) -> bytes:
    """Stored so that a viewer that heeds EXIF shows RGB."""
    stored = {
        1: RGB,
        2: RGB[:, ::-1],
        3: RGB[::-1, ::-1],
        4: RGB[::-1],
        5: RGB.transpose(1, 0, 2),
        6: np.rot90(RGB, 1),
        7: RGB[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(RGB, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(rgb(np.ascontiguousarray(stored)), "PNG", exif=exif)
