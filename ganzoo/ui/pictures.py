"""Arrays as pictures: grids of images, and files of PNG. Needs numpy and Pillow, no torch."""

from __future__ import annotations

import io
import math
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.fields import DataSpec
from ganzoo.files import check_ending, write_atomically

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageFont import FreeTypeFont, ImageFont

COMFORTABLE_SIDE = 56
"""Images smaller than this many pixels are enlarged to about it."""
LARGEST_SIDE = 4096
"""No side of a grid is longer, in pixels; 16 columns of 256 px still fit unreduced."""

# Middle grey parts black digits from black, and sits well on a light and on a dark page.
GAP = "#808080"
INK = "white"
TEXT_SIZE = 11


def image_grid(images: np.ndarray, columns: int, gap: int = 2, row_names: Sequence[str] | None = None) -> Image.Image:
    """Images side by side, row by row, with a margin of ``gap`` around each.

    Small images are enlarged by a whole factor, nearest neighbour, so that every pixel stays visible; a grid that would
    exceed ``LARGEST_SIDE`` is shrunk by one.

    Args:
        images: uint8 (N, C, H, W); C is 1 (grey) or 3 (red, green, blue); of others ``shown`` chooses.
        columns: images a row.
        gap: margin in pixels.
        row_names: one short text a row, drawn to its left.

    Raises:
        ValueError: for another type or shape, or another number of names.
    """
    from PIL import Image

    if images.dtype != np.uint8 or images.ndim != 4 or 0 in images.shape:
        raise ValueError(f"images must be uint8 (N, C, H, W), not {images.dtype} {images.shape}")
    images = shown(images)
    count, channels, height, width = images.shape
    columns = max(1, min(columns, count))
    rows = math.ceil(count / columns)
    if row_names is not None and len(row_names) != rows:
        raise ValueError(f"{rows} rows need as many names, not {len(row_names)}")

    def fits(side: float) -> bool:
        longest: float = gap + max(columns * (width * side + gap), rows * (height * side + gap))
        return longest <= LARGEST_SIDE

    longest = max(height, width)
    scales = [*range(max(1, COMFORTABLE_SIDE // longest), 0, -1), *(1 / n for n in range(2, longest + 1))]
    scale = next((scale for scale in scales if fits(scale)), scales[-1])
    tiles = [_tile(image, scale) for image in images]

    tile_width, tile_height = tiles[0].size
    size = (columns * (tile_width + gap) + gap, rows * (tile_height + gap) + gap)
    grid = Image.new("L" if channels == 1 else "RGB", size, GAP)
    for i, tile in enumerate(tiles):
        grid.paste(tile, (gap + (i % columns) * (tile_width + gap), gap + (i // columns) * (tile_height + gap)))
    return grid if row_names is None else _with_row_names(grid, row_names, tile_height, gap)


def beside(columns: Sequence[np.ndarray]) -> tuple[np.ndarray, int]:
    """Pictures that belong together as tiles of one size for ``image_grid``, and its number of columns: up to 9 a row.

    Args:
        columns: source | output | target, each uint8 (N, C, H, W), a mask float from 0 to 1; the smaller are enlarged, nearest neighbour.
    """
    columns = [shown(each if each.dtype == np.uint8 else (255 * each.clip(0, 1)).astype(np.uint8)) for each in columns]
    height, width = (max(each.shape[side] for each in columns) for side in (2, 3))
    channels = max(each.shape[1] for each in columns)
    tiles = []
    for each in columns:
        rows, across = np.arange(height) * each.shape[2] // height, np.arange(width) * each.shape[3] // width
        tiles.append(np.broadcast_to(each[:, :, rows][..., across], (len(each), channels, height, width)))
    together = np.stack(tiles, axis=1).reshape(-1, channels, height, width)
    return together, len(columns) * max(1, 9 // len(columns))


def shown(images: np.ndarray) -> np.ndarray:
    """The channels (..., C, H, W) that a picture shows: the first three, as red, green and blue; of two the first, as grey."""
    return images[..., : 3 if images.shape[-3] >= 3 else 1, :, :]


def one_picture(image: np.ndarray) -> Image.Image:
    """One image, uint8 (C, H, W), pixel by pixel, as ``shown``."""
    from PIL import Image

    image = shown(image)
    return Image.fromarray(image[0] if image.shape[0] == 1 else np.ascontiguousarray(image.transpose(1, 2, 0)))


def save_png(image: Image.Image, path: Path) -> None:
    """Write a PNG at once or not at all. The same image gives the same bytes: no time, no comment goes in.

    Raises:
        UserError: where the name ends as that of another format.
        GanzooError: where the disk refuses.
    """
    check_ending(path, ".png")
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=6)
    write_atomically(path, buffer.getvalue())


def _tile(image: np.ndarray, scale: float) -> Image.Image:
    """One image (C, H, W), enlarged by repeating pixels or reduced by averaging blocks."""
    from PIL import Image

    picture = one_picture(image)
    if scale > 1:
        return picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.NEAREST)
    return picture.reduce(round(1 / scale)) if scale < 1 else picture


def font_of(size: int) -> FreeTypeFont | ImageFont:
    """The font that Pillow brings, in a size in pixels."""
    from PIL import ImageFont

    return ImageFont.load_default(size=size)


def drawable(text: str) -> str | None:
    """``text``, without its accents where the font at hand lacks them; None where a letter would come out as a box."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return next((each for each in (text, plain) if _has_letters(each)), None)


def _has_letters(text: str) -> bool:
    font = font_of(TEXT_SIZE)
    try:
        box = bytes(font.getmask("\U0010ffff"))
        return all(each == " " or bytes(font.getmask(each)) not in (box, b"") for each in text)
    except (UnicodeError, ValueError):  # half a character, of a name that is not UTF-8; a font of pixels, which has 256 letters
        return False


def _with_row_names(grid: Image.Image, names: Sequence[str], tile: int, gap: int) -> Image.Image:
    """The grid, of tiles ``tile`` high and ``gap`` apart, with a column of names before it."""
    from PIL import Image, ImageDraw

    font: Any = font_of(max(6, min(2 * TEXT_SIZE, tile // 4)))
    side = tile // 8 + 2
    width = math.ceil(max(font.getlength(name) for name in names)) + 2 * side
    wide = Image.new(grid.mode, (width + grid.width, grid.height), GAP)
    wide.paste(grid, (width, 0))
    draw = ImageDraw.Draw(wide)
    for i, name in enumerate(names):
        draw.text((width - side, gap + i * (tile + gap) + tile / 2), name, fill=INK, font=font, anchor="rm")
    return wide


def columns_of(data: DataSpec, labelled: bool, n: int) -> int:
    """Columns of a grid of ``n``: a row a class where that comes out even, otherwise as square as can be."""
    if labelled and data.classes and n % data.classes == 0:
        return n // data.classes
    return max(1, round(math.sqrt(n)))


def row_names(names: Sequence[str], labels: np.ndarray | None, columns: int) -> list[str] | None:
    """What each row of a grid of such labels (N,) holds, where it is one class and not all are the same one."""
    if labels is None or len(np.unique(labels)) < 2 or len(labels) % columns:
        return None
    rows = labels.reshape(-1, columns)
    return None if (rows != rows[:, :1]).any() else [class_name(names, int(row[0])) for row in rows]


def class_name(names: Sequence[str], label: int) -> str:
    """What a class is called; its number where it has no name, or one in a script that cannot be drawn."""
    return (drawable(names[label]) if label < len(names) else None) or str(label)
