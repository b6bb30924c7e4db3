"""Files that pass for pictures: right pixels, against values worked out here, or left out, counted and named. No crash, no hang."""

import os
import random
import subprocess
import sys
import zlib
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from ganzoo_data.folder import ImageFolder
from ganzoo_data.images import BadImage, decode
from hostile import (
    ALPHA,
    BITS,
    EDGE,
    GREY,
    PALETTE,
    RGB,
    SIXTEEN,
    SMOOTH,
    bmp,
    chunk,
    cmyk,
    interlaced_png,
    other,
    over_white,
    palette_image,
    png,
    rgb,
    saved,
    sixteen_bit_png,
    triple,
    turned,
)
from PIL import Image, ImageCms, features

from ganzoo import UserError
from ganzoo.cli import invoke
from ganzoo.data.cache import Cache
from ganzoo.ui.progress import LineReporter

TEXT_BOMB = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(64 << 20)))
ROWS = b"".join(b"\0" + row.tobytes() for row in RGB)
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LOSSY = {"quality": 97, "subsampling": 0}
GOOD = {
    "png.png": (lambda: saved(rgb(), "PNG"), RGB, 0),
    "interlaced.png": (interlaced_png, RGB, 0),
    "grey.png": (lambda: saved(Image.fromarray(GREY), "PNG"), triple(GREY), 0),
    "grey and alpha.png": (lambda: saved(Image.fromarray(RGB[..., :2], "LA"), "PNG"), over_white(triple(GREY), ALPHA), 1),
    "alpha.png": (lambda: saved(Image.fromarray(np.dstack([RGB, ALPHA]), "RGBA"), "PNG"), over_white(RGB, ALPHA), 1),
    "palette.png": (lambda: saved(palette_image(), "PNG"), PALETTE, 0),
    "palette with transparency.png": (
        lambda: saved(palette_image(), "PNG", transparency=2),
        np.where((GREY % 4 == 2)[..., None], 255, PALETTE),
        0,
    ),
    "one bit.png": (lambda: saved(Image.fromarray(BITS), "PNG"), triple(255 * BITS), 0),
    "sixteen bits.png": (sixteen_bit_png, triple(np.round(SIXTEEN / 257)), 0),
    "32-bit integers.tif": (lambda: saved(Image.fromarray(SIXTEEN.astype(np.int32)), "TIFF"), triple(np.round(SIXTEEN / 257)), 0),
    "cmyk.tif": (lambda: saved(cmyk()[0], "TIFF"), cmyk()[1], 1),
    "many pages.tif": (lambda: saved(rgb(), "TIFF", save_all=True, append_images=[other()]), RGB, 0),
    "animated.gif": (lambda: saved(palette_image(), "GIF", save_all=True, append_images=[other()]), PALETTE, 0),
    "animated.webp": (lambda: saved(rgb(), "WEBP", lossless=True, save_all=True, append_images=[other()]), RGB, 0),
    "animated.png": (lambda: saved(rgb(), "PNG", save_all=True, append_images=[other()]), RGB, 0),
    "bitmap.bmp": (bmp, RGB, 0),
    "portable.ppm": (lambda: b"P6 16 16 255\n" + RGB.tobytes(), RGB, 0),
    "baseline.jpg": (lambda: saved(rgb(SMOOTH), "JPEG", **LOSSY), SMOOTH, 6),
    "progressive.jpg": (lambda: saved(rgb(SMOOTH), "JPEG", progressive=True, **LOSSY), SMOOTH, 6),
    "grey.jpg": (lambda: saved(Image.fromarray(SMOOTH[..., 0]), "JPEG", quality=97), triple(SMOOTH[..., 0]), 6),
    "a jpeg called.png": (lambda: saved(rgb(SMOOTH), "JPEG", **LOSSY), SMOOTH, 6),
    "a png called.JPG": (lambda: saved(rgb(), "PNG"), RGB, 0),
    "with a colour profile.png": (lambda: saved(rgb(), "PNG", icc_profile=PROFILE), RGB, 0),
    "with a colour profile.jpg": (lambda: saved(rgb(SMOOTH), "JPEG", icc_profile=PROFILE, **LOSSY), SMOOTH, 6),
    "text that unpacks to 64 MiB.png": (lambda: png(EDGE, EDGE, ROWS, TEXT_BOMB), RGB, 0),
    "one pixel.png": (lambda: saved(Image.new("RGB", (1, 1), (9, 99, 199)), "PNG"), np.broadcast_to([9, 99, 199], (EDGE, EDGE, 3)), 0),
    "one row.png": (lambda: saved(Image.new("RGB", (5000, 1), (9, 99, 199)), "PNG"), np.broadcast_to([9, 99, 199], (EDGE, EDGE, 3)), 0),
    **{f"turned {n}.png": ((lambda n=n: turned(n)), RGB, 0) for n in range(1, 9)},
}
WHOLE = saved(rgb(), "PNG")
BAD = {
    "no bytes.png": (b"", "not a picture"),
    "cut short.png": (WHOLE[: len(WHOLE) // 2], "(?i)truncated|broken"),
    "cut short.jpg": (saved(rgb(), "JPEG")[:-200], "(?i)truncated"),
    "a bomb.png": (png(100_000, 100_000, b""), "exceeds limit|more than"),
    "text.jpg": (b"I am no picture, whatever my name says. " * 50, "not a picture"),
    "a web page.png": (b"<!DOCTYPE html><html><body><h1>404 Not Found</h1></body></html>", "not a picture"),
    "drawing.png": (b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>', "not a picture"),
    "floats.tif": (saved(Image.fromarray(GREY.astype(np.float32)), "TIFF"), "mode F"),
    "32 bits.tif": (saved(Image.fromarray(SIXTEEN.astype(np.int32) * 1000), "TIFF"), "beyond 16 bits"),
    "no size.png": (png(0, 0, b""), "picture|size|zero|cannot"),
    "no data.png": (png(EDGE, EDGE, b""), "truncated|broken|unrecognized"),
    "zeros.png": (bytes(3000), "not a picture"),
    "script.ps.png": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", "not a picture"),
    "archive.png": (b"PK\x03\x04" + bytes(100), "not a picture"),
}


@pytest.mark.parametrize("name", GOOD)
def test_the_pixels_are_right(name):
    if "webp" in name and not features.check("webp"):
        pytest.skip("this Pillow was built without WebP")
    make, expected, tolerance = GOOD[name]
    found = decode(make(), size=EDGE)
    np.testing.assert_allclose(found.transpose(1, 2, 0), expected, atol=tolerance)


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_picture_is_refused_with_a_reason(name):
    content, reason = BAD[name]
    with pytest.raises(BadImage, match=reason):
        decode(content, size=EDGE)


@pytest.mark.promise("Hostile input", "Flipped bits of pictures: each is read or refused, nothing crashes")
def test_two_thousand_flipped_bits_crash_nothing(found):
    """One bit of a file, anywhere: a picture or a refusal. The process lives."""
    chance = random.Random(0)
    files = [make() for name, (make, _, _) in GOOD.items() if "webp" not in name or features.check("webp")]
    refused = 0
    for i in range(2000):
        content = bytearray(files[i % len(files)])
        bit = chance.randrange(8 * len(content))
        content[bit // 8] ^= 1 << bit % 8
        try:
            pixels = decode(bytes(content), size=8)
        except BadImage as reason:
            refused += bool(str(reason))
        else:
            assert (pixels.shape, pixels.dtype) == ((3, 8, 8), np.uint8)
    assert 200 < refused < 1800  # both happen, or this test tests nothing
    found(f"2,000 flips: 0 crashes, {refused} refused")


def hostile_folder(root):
    """All of the above, and what only a folder can hold."""
    root.mkdir()
    for name, (make, _, _) in GOOD.items():
        (root / name).write_bytes(make())
    for name, (content, _) in BAD.items():
        (root / name).write_bytes(content)
    (root / "a folder.png").mkdir()
    (root / "leads nowhere.png").symlink_to("gone")
    (root / "leads to itself.png").symlink_to("leads to itself.png")
    (root / "leads to a device.png").symlink_to("/dev/zero")
    os.mkfifo(root / "a pipe.png")
    (root / "a\x1b[2J\nganzoo: all is well.png").write_bytes(b"")
    (root / os.fsdecode(b"\xff\xfe.png")).write_bytes(b"")
    return {"leads nowhere.png", "leads to itself.png", "leads to a device.png", "a pipe.png", *BAD}


@pytest.mark.promise("Hostile input", "A folder of pictures of all kinds: the pixels are right, what is not a picture is counted and named")
def test_a_folder_of_all_of_them_keeps_the_good_and_names_the_bad(tmp_path, found):
    bad = hostile_folder(tmp_path / "data")
    log = StringIO()
    arrays = ImageFolder(root=str(tmp_path / "data"), size=EDGE, max_bad=0.5).arrays(Cache(tmp_path / "cache", LineReporter(log)))
    assert len(arrays["sample"]) == len(GOOD)
    for image, name in zip(arrays["sample"], sorted(GOOD), strict=True):
        np.testing.assert_allclose(image.transpose(1, 2, 0), GOOD[name][1], atol=GOOD[name][2], err_msg=name)
    (note,) = (tmp_path / "cache").glob("*.json")
    assert f"{len(bad) + 2} of {len(GOOD) + len(bad) + 2} images cannot be read" in log.getvalue()
    assert all(f'"{name}"' in note.read_text() for name in bad)
    assert "\x1b" not in log.getvalue()
    found(f"{len(GOOD)} kinds read, {len(bad) + 2} kinds left out")


def test_too_many_bad_files_are_refused_in_one_line_before_training(tmp_path, capsys, monkeypatch):
    hostile_folder(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    recipe = "data: {name: folder, root: data, size: 16}\ngenerator: mlp\ncritic: mlp\nloss: non_saturating\n"
    (tmp_path / "recipe.yaml").write_text(recipe + "train: {steps: 1, device: cpu, threads: 1}\n")
    assert invoke(["run", "recipe.yaml", "--out", "run"]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("ganzoo: error: ")
    assert "images cannot be read" in error
    assert "data.max_bad allows 1.0%" in error
    assert "\x1b" not in error


def test_a_name_cannot_write_to_the_terminal(tmp_path):
    (tmp_path / "\x1b[31mred\n.png").write_bytes(b"")
    with pytest.raises(UserError) as caught:
        ImageFolder(root=str(tmp_path), size=8).arrays(Cache(tmp_path / "cache"))
    assert r"\x1b[31mred\n.png (not a picture" in str(caught.value)


HERE = Path(__file__).parent
BOMBS = """
import resource, sys
sys.path[:0] = sys.argv[1:]
from ganzoo_data.images import BadImage, decode
from hostile import bombs
from test_hostile_images import GOOD

for name, (make, _, _) in GOOD.items():
    decode(make(), size=8)  # what a decoder loads once is not part of the measure
made, texts = bombs(), GOOD["text that unpacks to 64 MiB.png"][0]()
limit = int(open("/proc/self/statm").read().split()[5]) * resource.getpagesize() + (100 << 20)
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
for name, content in made.items():
    try:
        decode(content, size=8)
    except BadImage as reason:
        print(name, reason, sep=": ")
    else:
        sys.exit(f"{name} was read")
decode(texts, size=8)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.promise("Hostile input", "Pictures that claim to be huge are refused within 100 MB")
def test_bombs_are_refused_within_100_mb(found):
    done = subprocess.run([sys.executable, "-c", BOMBS, *map(str, (HERE, HERE / "helpers"))], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(done.stdout.splitlines()) == 6
    assert "MemoryError" not in done.stdout
    found("6 bombs, and a text of 64 MiB in a picture that is read")
