"""Every layout of pixels that a format knows comes out right, or is refused by name: a test for each row of the table in the docs."""

import re
from pathlib import Path

import numpy as np
import pytest
from ganzoo_data.images import BadImage, decode
from layouts import (
    EDGE,
    bmp_alpha,
    bmp_colours,
    bmp_palette,
    bmp_sixteen,
    bmp_unused_alpha,
    by_pillow,
    colours,
    compressed_white_is_zero,
    gif,
    greys,
    inked,
    luma_and_chroma,
    mirrored_bits,
    packed,
    palette_tiff,
    plain_tiff,
    png_clear_colour,
    png_colours,
    png_greys,
    png_palette,
    portable,
    portable_bits,
    separate_planes,
    tiff,
    values,
)

DOCUMENT = Path(__file__).parents[3] / "docs" / "how-to" / "own-images.md"


RIGHT = {
    "TIFF, grey of 1, 2, 4, 8, 12 or 16 bits": [
        *(lambda b=b, o=o: greys(1, b, o) for b in (1, 2, 4, 8, 16) for o in ("II", "MM")),
        lambda: greys(1, 12),
        mirrored_bits,
    ],
    "TIFF, grey where 0 is white": [
        *(lambda b=b, o=o: greys(0, b, o) for b in (1, 2, 4, 8) for o in ("II", "MM")),
        lambda: greys(0, 16),
        compressed_white_is_zero,
    ],
    "TIFF, RGB of 8 or 16 bits, with alpha of either kind or other samples": [
        *(lambda b=b, o=o, x=x: colours(b, o, x) for b in (8, 16) for o in ("II", "MM") for x in (None, 0, 1, 2)),
        separate_planes,
    ],
    "TIFF, palette": [lambda b=b: palette_tiff(b) for b in (1, 2, 4, 8)],
    "TIFF, CMYK of 8 or 16 bits": [lambda b=b: inked(b) for b in (8, 16)],
    "TIFF, YCbCr": [luma_and_chroma],
    "PNG, grey of 1, 2, 4, 8 or 16 bits, one of which may mean transparent": [
        lambda b=b, c=c: png_greys(b, c) for b in (1, 2, 4, 8, 16) for c in (False, True)
    ],
    "PNG, RGB of 8 or 16 bits, and grey or RGB with alpha": [lambda c=c, b=b: png_colours(c, b) for c in (2, 4, 6) for b in (8, 16)],
    "PNG, RGB of 8 bits, one of which means transparent": [lambda: png_clear_colour(8)],
    "PNG, palette with alpha": [lambda b=b: png_palette(b) for b in (1, 2, 4, 8)],
    "PBM, PGM and PPM of any maximum": [
        *(lambda m=m, t=t: portable(m, t) for m in ("P2", "P3", "P5", "P6") for t in (1, 15, 100, 255, 1023, 65535)),
        portable_bits,
    ],
    "BMP of 24 bits, from either end": [lambda u=u: bmp_colours(u) for u in (True, False)],
    "BMP of 16 bits": [lambda g=g: bmp_sixteen(g) for g in (5, 6)],
    "BMP of 32 bits, with alpha where its header says so": [bmp_unused_alpha, bmp_alpha],
    "BMP, palette": [lambda b=b: bmp_palette(b) for b in (1, 4, 8)],
    "JPEG: grey, YCbCr, RGB, CMYK": [
        lambda: by_pillow("L", "JPEG", 3, quality=98),
        lambda: by_pillow("RGB", "JPEG", 6, quality=98, subsampling=0),
        lambda: by_pillow("RGB", "JPEG", 3, quality=98, keep_rgb=True),
        lambda: by_pillow("CMYK", "JPEG", 6, quality=98),
    ],
    "JPEG 2000: grey of 8 or 16 bits, RGB, alpha": [lambda m=m: by_pillow(m, "JPEG2000") for m in ("L", "I;16", "LA", "RGB", "RGBA")],
    "WebP and AVIF: RGB, alpha": [
        *(lambda m=m: by_pillow(m, "WEBP", lossless=True, exact=True) for m in ("RGB", "RGBA")),
        *(lambda m=m: by_pillow(m, "AVIF", 6, quality=100, subsampling="4:4:4") for m in ("RGB", "RGBA")),
    ],
    "GIF, one colour of which may mean transparent": [lambda c=c: gif(c) for c in (False, True)],
}
REFUSED = {
    "floating point, in any format": (
        "mode F",
        [plain_tiff(photometric, values(255).astype(np.float32).view(np.uint32), 32, _339=[3]) for photometric in (0, 1)]
        + [b"Pf 16 16 -1.0\n" + bytes(4 * EDGE**2)],
    ),
    "TIFF, signed integers of 8 or 16 bits": ("signed integers", [plain_tiff(1, values(100), bits, _339=[2]) for bits in (8, 16)]),
    "integers of 32 bits beyond 0 to 65535": ("beyond 16 bits", [plain_tiff(1, values(1 << 20), 32)]),
    "TIFF, 16 bits where 0 is white, most significant byte first": ("layout of pixels is not known", [greys(0, 16, "MM")[0]]),
    "TIFF that does not say whether 0 is black or white": (
        "does not say whether 0 is black",
        [tiff("II", packed(values(255), 8), {258: [8], 277: [1]})],
    ),
    "TIFF, other inks than CMYK": ("other inks", [plain_tiff(5, values(255, 4), 8, _332=[2])]),
    "TIFF, 16 bits in separate planes": ("in separate planes", [separate_planes(16, order)[0] for order in ("II", "MM")]),
    "TIFF, L*a*b*": ("mode LAB", [plain_tiff(8, values(255, 3), 8)]),
    "TIFF, grey multiplied by its alpha": ("mode La", [plain_tiff(1, values(255, 2), 8, _338=[1])]),
    "TIFF, any other": ("layout of pixels is not known", [plain_tiff(1, values(255, 4), 8), plain_tiff(32803, values(255), 8)]),
    "PNG, RGB of 16 bits, one of which means transparent": ("16-bit colours of which one means", [png_clear_colour(16)[0]]),
    "PPM of inks": ("mode CMYK", [b"P0CMYK 16 16 255\n" + bytes(4 * EDGE**2)]),
}


@pytest.mark.parametrize("row", RIGHT)
def test_the_pixels_of_a_layout_are_right(row):
    for number, make in enumerate(RIGHT[row]):
        content, expected, tolerance = make()
        found = decode(content, size=EDGE).transpose(1, 2, 0)
        np.testing.assert_allclose(found, expected, atol=tolerance, err_msg=f"{row}, number {number}")


@pytest.mark.parametrize("row", REFUSED)
def test_a_layout_that_would_come_out_wrong_is_refused_by_name(row):
    reason, contents = REFUSED[row]
    for content in contents:
        with pytest.raises(BadImage, match=re.escape(reason)):
            decode(content, size=EDGE)


@pytest.mark.skipif(not DOCUMENT.exists(), reason="the sdist has no documentation")
def test_the_table_in_the_documentation_has_these_rows():
    rows = re.findall(r"^\| (.+?) \| (right|refused) \|$", DOCUMENT.read_text(), re.MULTILINE)
    assert rows == [(row, "right") for row in RIGHT] + [(row, "refused") for row in REFUSED]
