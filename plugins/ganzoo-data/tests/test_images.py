"""Pictures of many kinds become the right pixels, or are refused with a reason; nothing else happens."""

import io
import random
import struct
import zlib

import numpy as np
import pytest
from ganzoo_data import images
from ganzoo_data.images import BadImage, decode
from PIL import Image, features

YELLOW, BLUE = (240, 200, 40), (20, 40, 160)


def picture(width: int = 48, height: int = 48) -> Image.Image:
    """Yellow on the left, blue on the right."""
    image = Image.new("RGB", (width, height), BLUE)
    image.paste(YELLOW, (0, 0, width // 2, height))
    return image


def saved(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def as_mode(mode: str) -> Image.Image:
    if mode == "1":
        return picture().convert("L").point(lambda value: 255 * (value > 128)).convert("1")
    if mode == "I;16":
        return Image.fromarray(np.asarray(picture().convert("L")).astype(np.uint16) * 257)
    if mode == "I":
        return Image.fromarray(np.asarray(picture().convert("L")).astype(np.int32) * 257)
    return picture().convert(mode)


def inverse() -> Image.Image:
    return picture().transpose(Image.Transpose.FLIP_LEFT_RIGHT)


KINDS = {
    "png 1": lambda: saved(as_mode("1"), "PNG"),
    "png L": lambda: saved(as_mode("L"), "PNG"),
    "png LA": lambda: saved(as_mode("LA"), "PNG"),
    "png P": lambda: saved(as_mode("P"), "PNG"),
    "png P with a transparent entry": lambda: saved(as_mode("P"), "PNG", transparency=255),
    "png RGB": lambda: saved(as_mode("RGB"), "PNG"),
    "png RGB with a transparent colour": lambda: saved(as_mode("RGB"), "PNG", transparency=(1, 2, 3)),
    "png RGBA": lambda: saved(as_mode("RGBA"), "PNG"),
    "png I;16": lambda: saved(as_mode("I;16"), "PNG"),
    "png animated": lambda: saved(picture(), "PNG", save_all=True, append_images=[inverse()]),
    "jpeg L": lambda: saved(as_mode("L"), "JPEG", quality=95),
    "jpeg RGB": lambda: saved(as_mode("RGB"), "JPEG", quality=95),
    "jpeg CMYK": lambda: saved(as_mode("CMYK"), "JPEG", quality=95),
    "jpeg progressive": lambda: saved(as_mode("RGB"), "JPEG", quality=95, progressive=True),
    "mpo": lambda: saved(picture(), "MPO", quality=95, save_all=True, append_images=[inverse()]),
    "gif": lambda: saved(as_mode("P"), "GIF"),
    "gif animated": lambda: saved(picture(), "GIF", save_all=True, append_images=[inverse()]),
    "webp": lambda: saved(as_mode("RGB"), "WEBP", quality=95),
    "webp RGBA lossless": lambda: saved(as_mode("RGBA"), "WEBP", lossless=True),
    "webp animated": lambda: saved(picture(), "WEBP", lossless=True, save_all=True, append_images=[inverse()]),
    "bmp": lambda: saved(as_mode("RGB"), "BMP"),
    "bmp P": lambda: saved(as_mode("P"), "BMP"),
    "tiff": lambda: saved(as_mode("RGB"), "TIFF"),
    "tiff deflate": lambda: saved(as_mode("RGB"), "TIFF", compression="tiff_adobe_deflate"),
    "tiff CMYK": lambda: saved(as_mode("CMYK"), "TIFF"),
    "tiff I;16": lambda: saved(as_mode("I;16"), "TIFF"),
    "tiff I of 16 bits' range": lambda: saved(as_mode("I"), "TIFF"),
    "tiff YCbCr": lambda: saved(as_mode("YCbCr"), "TIFF"),
    "ppm": lambda: saved(as_mode("RGB"), "PPM"),
    "pgm": lambda: saved(as_mode("L"), "PPM"),
    "pbm": lambda: saved(as_mode("1"), "PPM"),
    "jpeg 2000": lambda: saved(as_mode("RGB"), "JPEG2000"),
    "avif": lambda: saved(as_mode("RGB"), "AVIF", quality=95),
}
GREY = {"png 1", "png L", "png LA", "png I;16", "jpeg L", "tiff I;16", "tiff I of 16 bits' range", "pgm", "pbm"}
UNAVAILABLE = {kind for kind, module in (("jpeg 2000", "jpg_2000"), ("avif", "avif"), ("webp", "webp")) if not features.check(module)}


def content_of(kind: str) -> bytes:
    if any(kind.startswith(name) for name in UNAVAILABLE):
        pytest.skip("this Pillow was built without it")
    return KINDS[kind]()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_becomes_the_same_picture(kind, channels):
    pixels = decode(content_of(kind), size=16, channels=channels)
    assert pixels.shape == (channels, 16, 16)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    luma = [255, 0] if kind in ("png 1", "pbm") else [194, 48]
    left, right = ([value] for value in luma) if channels == 1 or kind in GREY else (YELLOW, BLUE)
    np.testing.assert_allclose(pixels[:, :, :7].mean(axis=(1, 2)), np.broadcast_to(left, channels), atol=9)
    np.testing.assert_allclose(pixels[:, :, 9:].mean(axis=(1, 2)), np.broadcast_to(right, channels), atol=9)


def test_there_are_at_least_twenty_five_kinds():
    assert len(KINDS) >= 25


def test_two_hundred_flipped_bits_crash_nothing():
    chance = random.Random(0)
    kinds = [kind for kind in KINDS if not any(kind.startswith(name) for name in UNAVAILABLE)]
    contents = {kind: KINDS[kind]() for kind in kinds}
    outcomes = set()
    for i in range(200):
        content = bytearray(contents[kinds[i % len(kinds)]])
        bit = chance.randrange(8 * len(content))
        content[bit // 8] ^= 1 << bit % 8
        try:
            outcomes.add(decode(bytes(content), size=8).shape)
        except BadImage:
            outcomes.add("refused")
    assert outcomes == {(3, 8, 8), "refused"}  # both happen, or this test tests nothing


@pytest.mark.parametrize("kind", ["png RGB", "jpeg RGB", "webp", "bmp", "tiff", "ppm", "gif", "jpeg progressive"])
def test_truncated_files_are_refused(kind):
    content = content_of(kind)
    with pytest.raises(BadImage):
        decode(content[: len(content) * 6 // 10], size=8)


def test_transparent_pixels_are_white_whatever_colour_they_hide():
    hidden = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    np.testing.assert_array_equal(decode(saved(hidden, "PNG"), size=8), 255)
    half = Image.new("RGBA", (8, 8), (255, 0, 0, 128))
    np.testing.assert_allclose(decode(saved(half, "PNG"), size=8)[:, 0, 0], [255, 127, 127], atol=1)


@pytest.mark.parametrize(("mode", "transparent"), [("RGB", YELLOW), ("L", 194), ("P", None)])
def test_one_colour_that_means_transparent_is_white(mode, transparent):
    image = picture().quantize(2) if mode == "P" else as_mode(mode)
    transparent = image.getpixel((0, 0)) if transparent is None else transparent
    found = decode(saved(image, "PNG", transparency=transparent), size=48)
    assert (found[:, :, :24] == 255).all()
    assert (found[:, :, 24:] < 255).any()


def test_sixteen_bits_are_scaled_to_eight():
    ramp = np.array([[0, 128, 129, 257, 32767, 32769, 65000, 65535]] * 8, np.uint16)
    found = decode(saved(Image.fromarray(ramp), "PNG"), size=8, channels=1)
    assert found[0, 0].tolist() == [0, 0, 1, 1, 127, 128, 253, 255]


TURNS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", TURNS)
def test_exif_rotation_is_applied(orientation):
    upright = Image.fromarray(np.random.default_rng(0).integers(0, 255, (12, 16, 3), np.uint8))
    turn = TURNS[orientation]
    stored = upright if turn is None else upright.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = decode(saved(stored, "PNG", exif=exif), size=12)
    np.testing.assert_array_equal(found, decode(saved(upright, "PNG"), size=12))


def test_the_crop_is_centred():
    image = picture(40, 60)
    image.paste((0, 255, 0), (10, 20, 30, 40))  # the 20 x 20 in the middle
    found = decode(saved(image, "PNG"), size=20, crop=20)
    np.testing.assert_array_equal(found, np.broadcast_to(np.array([0, 255, 0])[:, None, None], (3, 20, 20)))
    assert (decode(saved(image, "PNG"), size=20, crop=22) != found).any()


def test_no_crop_means_the_largest_square():
    image = picture(60, 20)
    image.paste((0, 255, 0), (20, 0, 40, 20))
    np.testing.assert_array_equal(decode(saved(image, "PNG"), size=20), decode(saved(image, "PNG"), size=20, crop=20))


def test_down_scaling_is_antialiased():
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    found = decode(saved(Image.fromarray(stripes), "PNG"), size=8, channels=1)
    np.testing.assert_allclose(found[:, :, 1:-1], 127, atol=3)


def test_decoding_a_jpeg_at_a_reduced_scale_changes_next_to_nothing(monkeypatch):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (25, 32, 3), np.uint8)).resize((1001, 777), Image.Resampling.BICUBIC)
    content = saved(noise, "JPEG", quality=95)
    quick = decode(content, size=32, crop=601).astype(int)
    monkeypatch.setattr(images, "DRAFT_MARGIN", 1000)  # full scale
    exact = decode(content, size=32, crop=601).astype(int)
    assert (quick != exact).any()  # it was used
    assert np.abs(quick - exact).mean() < 1.5


def png_header(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))


REFUSED = {
    "nothing": (b"", "not a picture"),
    "text": (b"hello, I am no picture", "not a picture"),
    "a bomb": (png_header(8193, 8192) + b"\0\0\0\0IDAT", "more than 67108864 pixels"),
    "a larger bomb": (png_header(100_000, 100_000) + b"\0\0\0\0IDAT", "exceeds limit"),
    "float pixels": (saved(Image.new("F", (8, 8)), "TIFF"), "mode F"),
    "Lab pixels": (saved(Image.new("LAB", (8, 8)), "TIFF"), "mode LAB"),
    "32-bit pixels": (saved(Image.new("I", (8, 8), 70_000), "TIFF"), "beyond 16 bits"),
    "a format with no signature": (saved(picture(), "TGA"), "not a picture"),
    "a PostScript program": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", "not a picture"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_give_a_reason(case):
    content, reason = REFUSED[case]
    with pytest.raises(BadImage, match=reason):
        decode(content, size=8)


def test_a_picture_smaller_than_the_crop_is_refused():
    with pytest.raises(BadImage, match="48 x 48 is smaller than the crop of 49"):
        decode(KINDS["png RGB"](), size=8, crop=49)


def test_paths_work_and_missing_ones_are_refused(tmp_path):
    path = tmp_path / "a.jpg"  # the content decides, not the name
    path.write_bytes(KINDS["png RGB"]())
    np.testing.assert_array_equal(decode(path, size=16), decode(KINDS["png RGB"](), size=16))
    with pytest.raises(BadImage, match="no such file"):
        decode(tmp_path / "b.jpg", size=16)
    with pytest.raises(BadImage):
        decode(tmp_path, size=16)
