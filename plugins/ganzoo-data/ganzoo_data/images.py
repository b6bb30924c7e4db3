"""Turns image files into small uint8 arrays, through PIL only, and refuses what it cannot vouch for.

What becomes of a picture, in this order: size cap, first frame, EXIF rotation, centre crop, 8 bits, white behind what is
transparent, grey or RGB, resize with antialiased bilinear filtering. Colour profiles are not applied, as is usual in the field.
"""

from __future__ import annotations

import functools
import io
import logging
import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from PIL import Image, PngImagePlugin, TiffImagePlugin, UnidentifiedImageError

from ganzoo import PositiveInt
from ganzoo.data import BadImage

from .metadata import PNG, upright, without_metadata

DECODER = 3
"""Version of everything this module decides about pixels. It is part of every cache key: raise it with any change."""
MAX_PIXELS = 1 << 26
"""Pictures of more pixels (8192 x 8192) are refused before they are decoded: a small file can unpack to gigabytes."""
SUFFIXES = (
    *(".apng", ".avif", ".bmp", ".dib", ".gif", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".jpx", ".mpo"),
    *(".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"),
)
"""File names that are taken for pictures, in lower case."""
NOT_READ = (
    *(".3fr", ".ai", ".arw", ".bpg", ".cr2", ".cr3", ".dcm", ".dcr", ".dds", ".djvu", ".dng", ".emf", ".eps", ".erf", ".exr", ".fits"),
    *(".flif", ".hdr", ".heic", ".heics", ".heif", ".heifs", ".hif", ".icns", ".ico", ".iiq", ".jls", ".jph", ".jxl", ".jxr", ".kdc"),
    *(".mng", ".mrw", ".nef", ".nrw", ".orf", ".pam", ".pcx", ".pef", ".pfm", ".psb", ".psd", ".qoi", ".raf", ".ras", ".raw", ".rw2"),
    *(".rwl", ".sgi", ".sr2", ".srf", ".srw", ".svg", ".svgz", ".tga", ".wdp", ".wmf", ".x3f", ".xbm", ".xcf", ".xpm"),
)
"""File names of pictures in formats that are not read here, in lower case."""
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "PPM", "JPEG2000", "AVIF")
"""What is read, whatever the file is called. Not TGA, which has no signature (noise passes for it), nor EPS, which runs a program."""
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
MAX_PNG_BYTES = 1 << 28
"""PNGs up to this size are read a second time, without their metadata, where it was these that could not be read."""
DRAFT_MARGIN = 3
"""A JPEG may be decoded at 1/2, 1/4 or 1/8 scale as long as it stays this many times larger than asked for."""

# PIL remarks on damaged EXIF data and large pictures, once for each of them. Here they are read or refused, with a reason.
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").addHandler(logging.NullHandler())


PHOTOMETRIC, BITS_PER_SAMPLE, SAMPLE_FORMAT, INK_SET, PLANES = 262, 258, 339, 332, 284
"""Tags of TIFF."""
WHITE_IS_ZERO, SEPARATED, CMYK, SIGNED, APART = 0, 5, 1, 2, 2
"""Their values."""


Size: TypeAlias = int | tuple[int, int] | None
"""Edge of a square, (H, W), or None: as large as the picture is."""
Sides: TypeAlias = PositiveInt | tuple[PositiveInt, PositiveInt]
"""A size as configurations say it: 64, or [64, 128], rows and columns."""


def sides(size: int | tuple[int, int]) -> tuple[int, int]:
    """Rows and columns."""
    return (size, size) if isinstance(size, int) else size


def decode(source: bytes | Path, *, size: Size, crop: int | None = None, channels: Literal[1, 3] = 3) -> np.ndarray:
    """Read one picture.

    Args:
        source: the content of a file, or its path.
        size: edge of the result in pixels, or its (H, W): the picture is cut to these proportions; None: as large as it is.
        crop: edge in pixels of the centred square that is kept, before resizing; None: as much as there is.
        channels: 1 (grey, ITU-R 601 luma) or 3 (RGB).

    Returns:
        uint8 (channels, H, W).

    Raises:
        BadImage: where it is missing, damaged, truncated, too large, smaller than ``crop``, or of no format or pixel mode
            known here.
    """
    if isinstance(source, Path) and not source.is_file():
        raise BadImage("not a file" if source.exists() else "no such file")  # a pipe would never end
    try:
        return _decode(source, size, crop, channels)
    except BadImage:
        if _first_bytes(source, len(PNG)) != PNG or len(content := _first_bytes(source, MAX_PNG_BYTES)) == MAX_PNG_BYTES:
            raise
    return _decode(without_metadata(content), size, crop, channels)


def _first_bytes(source: bytes | Path, count: int) -> bytes:
    if isinstance(source, bytes):
        return source[:count]
    try:
        with source.open("rb") as file:
            return file.read(count)
    except OSError:
        return b""


def _decode(source: bytes | Path, size: Size, crop: int | None, channels: int) -> np.ndarray:
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=_formats()) as image:
            return _to_array(image, size, crop, channels)
    except BadImage:
        raise
    except UnidentifiedImageError:
        is_tiff = _first_bytes(source, 4) in TIFF
        raise BadImage("a TIFF whose layout of pixels is not known" if is_tiff else "not a picture, or of an unknown format") from None
    except Exception as error:  # damaged files make PIL's decoders raise nearly anything
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
        raise BadImage(reason) from error


@functools.cache
def _formats() -> tuple[str, ...]:
    """Those of FORMATS that this PIL was built with."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _to_array(image: Image.Image, size: Size, crop: int | None, channels: int) -> np.ndarray:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise BadImage(f"{width} x {height} is more than {MAX_PIXELS} pixels")
    if image.mode not in _EIGHT_BITS:
        raise BadImage(f"pixels of mode {image.mode}, whose range is unknown")
    stored = _stored(image)
    if crop is not None and crop > min(width, height):
        raise BadImage(f"{width} x {height} is smaller than the crop of {crop}")
    edge = min(width, height) if crop is None else crop
    if isinstance(size, int) and 2 * DRAFT_MARGIN * size <= edge:
        # JPEG only, elsewhere no effect: decode no more of the picture's detail than the result can show.
        image.draft(None, (math.ceil(width * DRAFT_MARGIN * size / edge), math.ceil(height * DRAFT_MARGIN * size / edge)))
    reduced = image.size
    scale = 2 ** round(math.log2(width / reduced[0]))
    image.load()
    turned = upright(image)
    if turned.size != reduced:
        width, height = height, width
    rows, columns = (height, width) if size is None else sides(size)
    part = (min(width, height * columns // rows), min(height, width * rows // columns)) if crop is None else (crop, crop)
    middle, box = _centre(turned, (width, height), part, scale)
    plain = _EIGHT_BITS[middle.mode](middle, stored)
    mode = "L" if channels == 1 else "RGB"
    if plain.mode != mode:
        plain = plain.convert(mode)
    pixels = np.asarray(plain.resize((columns, rows), Image.Resampling.BILINEAR, box))
    return np.ascontiguousarray(pixels.reshape(rows, columns, channels).transpose(2, 0, 1))


def _centre(
    image: Image.Image, full: tuple[int, int], part: tuple[int, int], scale: int
) -> tuple[Image.Image, tuple[float, float, float, float]]:
    """Crop the centred ``part`` (its width and height), where the halves do not come out even nearer the upper left.

    Args:
        image: perhaps reduced.
        full: its width and height at full scale.
        part: at full scale.
        scale: 2 where ``image`` is at half scale, and so on.

    Returns:
        The whole pixels that cover it, and what is meant among them (left, upper, right, lower).
    """
    left, upper = ((side - mine) // 2 / scale for side, mine in zip(full, part, strict=True))
    right, lower = left + part[0] / scale, upper + part[1] / scale
    x, y = math.floor(left), math.floor(upper)
    return image.crop((x, y, math.ceil(right), math.ceil(lower))), (left - x, upper - y, right - x, lower - y)


@dataclass(frozen=True)
class _Stored:
    """How pixels are stored, where PIL's mode does not tell.

    Args:
        white: the largest value of a pixel of more than eight bits.
        inverted: whether 0 means white in pixels of more than eight bits. Of fewer PIL turns them itself.
        clear: the value of a grey picture that means transparent, or the colour, as it lies in ``Image.info``; None: not said.
    """

    white: int = 65535
    inverted: bool = False
    clear: object = None


def _stored(image: Image.Image) -> _Stored:
    """What to know of a picture that is not loaded yet.

    Raises:
        BadImage: where PIL would read other pixels than are meant.
    """
    clear = image.info.get("transparency")
    if isinstance(image, PngImagePlugin.PngImageFile) and clear is not None:
        raw = image.tile[0].args
        if raw == "RGB;16B":  # PIL keeps the upper halves, the colour that means transparent is compared whole
            raise BadImage("a PNG of 16-bit colours of which one means transparent")
        clear *= {"L;2": 85, "L;4": 17}.get(str(raw), 1)  # the pixels are scaled to eight bits, this is not
    if image.format == "PPM" and image.mode in ("CMYK", "RGBA"):
        raise BadImage(f"a portable pixmap of mode {image.mode}, which no standard knows")
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return _Stored(clear=clear)
    tags = image.tag_v2
    bits = tags.get(BITS_PER_SAMPLE, (1,))[0]
    if SIGNED in tags.get(SAMPLE_FORMAT, ()) and bits <= 16:  # of 32 bits PIL gives the sign too, and the range is looked at
        raise BadImage("a TIFF of signed integers, whose range is unknown")
    if bits > 8 and tags.get(PLANES) == APART:  # PIL takes each plane for one of bytes
        raise BadImage("a TIFF of more than 8 bits in separate planes")
    if PHOTOMETRIC not in tags and image.info.get("compression") != "tiff_jpeg":
        raise BadImage("a TIFF that does not say whether 0 is black or white")
    if tags.get(PHOTOMETRIC) == SEPARATED and tags.get(INK_SET, CMYK) != CMYK:
        raise BadImage("a TIFF of other inks than CMYK")
    return _Stored(4095 if bits == 12 else 65535, tags.get(PHOTOMETRIC) == WHITE_IS_ZERO, clear)


def _plain(image: Image.Image, stored: _Stored) -> Image.Image:
    if stored.clear is not None:  # one colour or palette entry that means "nothing here"
        image.info["transparency"] = stored.clear
        return _over_white(image, stored)
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _over_white(image: Image.Image, stored: _Stored) -> Image.Image:
    # White, as on a page. PIL's own conversion would show whatever colour lies hidden under the transparent pixels.
    page = Image.new("RGBA", image.size, "white")
    page.alpha_composite(image.convert("RGBA"))
    return page.convert("RGB")


def _sixteen_bits(image: Image.Image, stored: _Stored) -> Image.Image:
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > stored.white:
        raise BadImage(f"integer pixels from {values.min()} to {values.max()}, beyond 16 bits")
    if stored.inverted:
        values = stored.white - values
    grey = (values * 255 + stored.white // 2) // stored.white
    if stored.clear is not None:
        grey[values == stored.clear] = 255
    return Image.fromarray(grey.astype(np.uint8))


_EIGHT_BITS = {
    **dict.fromkeys(("1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr"), _plain),
    **dict.fromkeys(("LA", "PA", "RGBA"), _over_white),
    **dict.fromkeys(("I;16", "I;16L", "I;16B", "I;16N", "I"), _sixteen_bits),
}
"""Mode of PIL -> how it becomes "L" or "RGB". A mode that is not here is refused: float ("F") has no known range."""
