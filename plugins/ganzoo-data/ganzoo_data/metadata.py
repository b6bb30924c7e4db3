"""The one thing wanted of a picture's metadata, its orientation, read so that no damage elsewhere in them costs the picture."""

from __future__ import annotations

import re
import struct

from PIL import Image

PNG = b"\x89PNG\r\n\x1a\n"
PIXEL_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT", b"eXIf")
"""What of a PNG decides about pixels and orientation."""
ORIENTED_TEXTS = (b"Raw profile type exif\0", b"XML:com.adobe.xmp\0")
"""Text chunks of a PNG that may hold its orientation too."""
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""Orientation of EXIF -> what shows the picture upright. 1, and what is not here: nothing."""
ORIENTATION = 0x0112
INTEGERS = {1: "B", 3: "H", 4: "I"}
"""Type of an EXIF value -> its ``struct`` code."""


def upright(image: Image.Image) -> Image.Image:
    """A loaded picture as it is meant to be seen. PIL's own ``exif_transpose`` parses, and writes, all of the metadata."""
    if image.format == "TIFF":  # PIL has turned it while loading
        return image
    turn = TURNS.get(_orientation(image.info))
    return image if turn is None else image.transpose(turn)


def _orientation(info: dict[str | tuple[int, int], object]) -> int:
    """By EXIF, else by XMP; 1 where neither says."""
    exif, profile = info.get("exif"), info.get("Raw profile type exif")
    if not isinstance(exif, bytes) and isinstance(profile, str):
        try:
            exif = bytes.fromhex("".join(profile.split("\n")[3:]))
        except ValueError:
            exif = b""
    found = _of_exif(exif) if isinstance(exif, bytes) else None
    if found is None:
        for xmp in (info.get("XML:com.adobe.xmp"), info.get("xmp")):
            text = xmp.decode("latin-1") if isinstance(xmp, bytes) else str(xmp or "")
            if match := re.search(r'tiff:Orientation(?:="|>)([1-8])', text):
                return int(match[1])
    return found or 1


def _of_exif(exif: bytes) -> int | None:
    """The orientation in the first directory; None where it is missing, or what leads to it is damaged."""
    while exif.startswith(b"Exif\0\0"):
        exif = exif[6:]
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return None
    try:
        (start,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind = struct.unpack_from(order + "HH", exif, entry)
            if tag == ORIENTATION and kind in INTEGERS:
                return int(struct.unpack_from(order + INTEGERS[kind], exif, entry + 8)[0])
    except struct.error:  # it ends too early
        pass
    return None


def without_metadata(png: bytes) -> bytes:
    """A PNG without the chunks that say nothing of pixels or orientation: texts, colour profiles and what else may be damaged."""
    kept, at = [PNG], len(PNG)
    while at + 8 <= len(png):
        length, name = struct.unpack_from(">I4s", png, at)
        end = at + 12 + length
        if name in PIXEL_CHUNKS or png[at + 8 : at + 40].startswith(ORIENTED_TEXTS):
            kept.append(png[at:end])
        at = end
    return b"".join(kept)
