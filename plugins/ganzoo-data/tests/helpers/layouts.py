"""Pictures in every layout of pixels, written byte by byte, each with the values that it means."""

import io
import struct
import zlib
from collections.abc import Iterable

import numpy as np
import pytest
from PIL import Image, features

EDGE = 16


def values(top: int, channels: int = 1) -> np.ndarray:
    """(EDGE, EDGE, channels), from 0 to ``top``."""
    return np.random.default_rng(top + channels).integers(0, top + 1, (EDGE, EDGE, channels), np.int64)


def packed(pixels: np.ndarray, bits: int, order: str = ">") -> list[bytes]:
    """The rows of a picture; of fewer than 8 bits, and of 12, the highest bit first."""
    if bits in (8, 16, 32):
        return [row.astype(f"{order}u{bits // 8}").tobytes() for row in pixels]
    shifts = np.arange(bits - 1, -1, -1)
    return [np.packbits(((row.reshape(-1, 1) >> shifts) & 1).reshape(-1).astype(np.uint8)).tobytes() for row in pixels]


def grey(share: np.ndarray) -> np.ndarray:
    """Shares of white (EDGE, EDGE, 1) as RGB."""
    return np.repeat(share * 255, 3, -1)


def over_white(rgb: np.ndarray, share: np.ndarray) -> np.ndarray:
    return rgb * share + 255 * (1 - share)


def inks(share: np.ndarray) -> np.ndarray:
    """CMYK as shares of full ink."""
    return 255 * (1 - share[..., :3]) * (1 - share[..., 3:4])


def tiff(order: str, rows: Iterable[bytes], tags: dict[int, list[int]]) -> bytes:
    """Uncompressed, in one strip, by the TIFF 6.0 specification; tag 0 is left out."""
    data, e = b"".join(rows), {"II": "<", "MM": ">"}[order]
    data += bytes(len(data) % 2)
    given = {256: [EDGE], 257: [EDGE], 259: [1], 273: [8], 278: [EDGE], 279: [len(data)], **tags}
    given.pop(0, None)
    directory, beyond = struct.pack(e + "H", len(given)), b""
    start = 8 + len(data) + 2 + 12 * len(given) + 4
    for tag, content in sorted(given.items()):
        raw = struct.pack(f"{e}{len(content)}H", *content)
        if len(raw) > 4:
            raw, beyond = struct.pack(e + "I", start + len(beyond)), beyond + raw
        directory += struct.pack(e + "HHI", tag, 3, len(content)) + raw.ljust(4, b"\0")
    head = {"II": b"II*\0", "MM": b"MM\0*"}[order] + struct.pack(e + "I", 8 + len(data))
    return head + data + directory + bytes(4) + beyond


def plain_tiff(photometric: int, pixels: np.ndarray, bits: int, order: str = "II", **more: list[int]) -> bytes:
    count = pixels.shape[-1]
    tags = {258: [bits] * count, 262: [photometric], 277: [count]} | {int(name[1:]): value for name, value in more.items()}
    return tiff(order, packed(pixels, bits, {"II": "<", "MM": ">"}[order]), tags)


def greys(photometric: int, bits: int, order: str = "II"):
    pixels = values(2**bits - 1)
    share = pixels / (2**bits - 1)
    return plain_tiff(photometric, pixels, bits, order), grey(share if photometric else 1 - share), 0.5


def compressed_white_is_zero():
    """16 bits through libtiff, which turns nothing either."""
    file = io.BytesIO()
    pixels = values(65535)
    Image.fromarray(pixels[..., 0].astype(np.uint16)).save(file, "TIFF", compression="tiff_lzw")
    content = file.getvalue()
    stored, wanted = (struct.pack("<HHIHH", 262, 3, 1, photometric, 0) for photometric in (1, 0))
    assert content.count(stored) == 1
    return content.replace(stored, wanted), grey(1 - pixels / 65535), 0.5


def mirrored_bits():
    pixels = values(255)
    flipped = np.packbits(np.unpackbits(pixels.astype(np.uint8), axis=-1)[..., ::-1], axis=-1)
    return plain_tiff(1, flipped, 8, _266=[2]), grey(pixels / 255), 0


def colours(bits: int, order: str, extra: int | None):
    top = 2**bits - 1
    share = values(top, 4 if extra is not None else 3) / top
    if extra == 1:  # colours multiplied by alpha already
        share[..., :3] *= share[..., 3:]
    pixels = np.round(share * top).astype(np.int64)
    content = plain_tiff(2, pixels, bits, order, **({} if extra is None else {"_338": [extra]}))
    if not extra:
        return content, pixels[..., :3] / top * 255, 1
    alpha = pixels[..., 3:] / top
    return content, (pixels[..., :3] / top * 255 + 255 * (1 - alpha)) if extra == 1 else over_white(pixels[..., :3] / top * 255, alpha), 3


def palette_tiff(bits: int):
    pixels, palette = values(2**bits - 1), np.random.default_rng(0).integers(0, 256, (3, 2**bits))
    return plain_tiff(3, pixels, bits, _320=(palette * 257).reshape(-1).tolist()), palette.T[pixels[..., 0]], 0


def inked(bits: int):
    pixels = values(2**bits - 1, 4)
    return plain_tiff(5, pixels, bits, _332=[1]), inks(pixels / (2**bits - 1)), 2


def luma_and_chroma():
    """By ITU-R 601, each pixel its own chroma."""
    rgb = np.random.default_rng(0).integers(60, 190, (EDGE, EDGE, 3)).astype(float)
    y = rgb @ [0.299, 0.587, 0.114]
    pixels = np.stack([y, (rgb[..., 2] - y) / 1.772 + 128, (rgb[..., 0] - y) / 1.402 + 128], -1).round().astype(np.int64)
    return plain_tiff(6, pixels, 8, _530=[1, 1]), rgb, 3


def separate_planes(bits: int = 8, order: str = "II"):
    pixels, size = values(2**bits - 1, 3), EDGE**2 * bits // 8
    offsets = {273: [8, 8 + size, 8 + 2 * size], 279: [size] * 3}
    rows = packed(np.moveaxis(pixels, -1, 0), bits, {"II": "<", "MM": ">"}[order])
    return tiff(order, rows, {258: [bits] * 3, 262: [2], 277: [3], 284: [2], **offsets}), pixels, 0


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(colour: int, bits: int, pixels: np.ndarray, *before: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", EDGE, EDGE, bits, colour, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in packed(pixels, bits))))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(before) + data + chunk(b"IEND", b"")


def png_greys(bits: int, clear: bool):
    top = 2**bits - 1
    pixels = values(min(top, 255)) * (top // min(top, 255))
    means_nothing = pixels == pixels[3, 3] if clear else np.zeros_like(pixels, bool)
    before = [chunk(b"tRNS", struct.pack(">H", pixels[3, 3, 0]))] if clear else []
    return png(0, bits, pixels, *before), np.where(means_nothing, 255, grey(pixels / top)), 0.5


def png_colours(colour: int, bits: int):
    top, count = 2**bits - 1, {2: 3, 4: 2, 6: 4}[colour]
    pixels = values(top, count)
    share = pixels / top
    shown = grey(share[..., :1]) if colour == 4 else share[..., :3] * 255
    return png(colour, bits, pixels), shown if colour == 2 else over_white(shown, share[..., -1:]), 2 if bits == 16 else 1


def png_clear_colour(bits: int):
    pixels = values(1, 3)
    content = png(2, bits, pixels, chunk(b"tRNS", struct.pack(">3H", *pixels[3, 3])))
    return content, np.where((pixels == pixels[3, 3]).all(-1, keepdims=True), 255, pixels), 0


def png_palette(bits: int):
    pixels, palette = values(2**bits - 1), np.random.default_rng(0).integers(0, 256, (2**bits, 3), np.uint8)
    alpha = np.random.default_rng(1).integers(0, 256, 2**bits, np.uint8)
    content = png(3, bits, pixels, chunk(b"PLTE", palette.tobytes()), chunk(b"tRNS", alpha.tobytes()))
    return content, over_white(palette[pixels[..., 0]], alpha[pixels] / 255), 1


def portable(magic: str, top: int):
    pixels = values(top, 3 if magic in ("P3", "P6") else 1)
    head = f"{magic} {EDGE} {EDGE} {top}\n".encode()
    body = " ".join(map(str, pixels.reshape(-1))).encode() if magic < "P4" else b"".join(packed(pixels, 16 if top > 255 else 8))
    return head + body, np.broadcast_to(pixels / top * 255, (EDGE, EDGE, 3)), 0.5


def portable_bits():
    pixels = values(1)
    return f"P4 {EDGE} {EDGE}\n".encode() + b"".join(packed(pixels, 1)), grey(1 - pixels), 0


def bmp(bits: int, rows: Iterable[bytes], palette: bytes = b"", masks: tuple[int, ...] = (), header: int = 40, up: bool = True) -> bytes:
    body, mask = b"".join(list(rows)[:: -1 if up else 1]), struct.pack(f"<{len(masks)}I", *masks)
    beyond = mask if header == 40 else mask.ljust(header - 40, b"\0")
    height, offset = EDGE if up else -EDGE, 14 + 40 + len(beyond) + len(palette)
    head = struct.pack("<IiiHHIIiiII", header, EDGE, height, 1, bits, 3 if masks else 0, len(body), 0, 0, len(palette) // 4, 0)
    return b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset) + head + beyond + palette + body


def bmp_colours(up: bool):
    pixels = values(255, 3)
    return bmp(24, packed(pixels[..., ::-1], 8), up=up), pixels, 0


def bmp_palette(bits: int):
    pixels, palette = values(2**bits - 1), np.random.default_rng(0).integers(0, 256, (2**bits, 3))
    rows = [row.ljust(-(-len(row) // 4) * 4, b"\0") for row in packed(pixels, bits)]
    return bmp(bits, rows, np.pad(palette[:, ::-1], ((0, 0), (0, 1))).astype(np.uint8).tobytes()), palette[pixels[..., 0]], 0


def bmp_sixteen(green: int):
    top = np.array([31, 2**green - 1, 31])
    pixels = np.random.default_rng(0).integers(0, top + 1, (EDGE, EDGE, 3))
    words = pixels[..., 0] << 5 + green | pixels[..., 1] << 5 | pixels[..., 2]
    masks = (0xF800, 0x7E0, 0x1F) if green == 6 else ()
    return bmp(16, packed(words, 16, "<"), masks=masks), pixels / top * 255, 1


def bmp_unused_alpha():
    pixels = values(255, 4)
    return bmp(32, packed(pixels[..., [2, 1, 0, 3]], 8)), pixels[..., :3], 0


def bmp_alpha():
    pixels = values(255, 4)
    content = bmp(32, packed(pixels[..., [2, 1, 0, 3]], 8), masks=(0xFF0000, 0xFF00, 0xFF, 0xFF000000), header=108)
    return content, over_white(pixels[..., :3], pixels[..., 3:] / 255), 1


SMOOTH = np.stack(np.broadcast_arrays(np.linspace(20, 220, EDGE), np.linspace(200, 40, EDGE)[:, None], 90, np.linspace(0, 255, EDGE)), -1)
SMOOTH = SMOOTH.round().astype(np.uint8)


def by_pillow(mode: str, kind: str, tolerance: float = 1, **options):
    """A smooth picture that PIL itself writes, and how it looks."""
    if not features.check({"JPEG2000": "jpg_2000", "AVIF": "avif", "WEBP": "webp"}.get(kind, "jpg")):
        pytest.skip("this Pillow was built without it")
    channels = {"L": SMOOTH[..., 0], "I;16": SMOOTH[..., 0].astype(np.uint16) * 257, "LA": SMOOTH[..., [0, 3]], "RGB": SMOOTH[..., :3]}
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(channels.get(mode, SMOOTH)), None if mode == "I;16" else mode).save(file, kind, **options)
    share = SMOOTH / 255
    shown = {"L": grey(share[..., :1]), "I;16": grey(share[..., :1]), "RGB": SMOOTH[..., :3], "CMYK": inks(share)}
    shown |= {"LA": over_white(grey(share[..., :1]), share[..., 3:]), "RGBA": over_white(SMOOTH[..., :3], share[..., 3:])}
    return file.getvalue(), shown[mode], tolerance


def gif(clear: bool):
    pixels, palette = values(3)[..., 0], np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [1, 2, 3]])
    image, file = Image.fromarray(pixels.astype(np.uint8), "P"), io.BytesIO()
    image.putpalette(palette.reshape(-1).tolist())
    image.save(file, "GIF", **({"transparency": 1} if clear else {}))
    return file.getvalue(), np.where((pixels == 1)[..., None] & clear, 255, palette[pixels]), 0
