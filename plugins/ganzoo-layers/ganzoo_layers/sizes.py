"""Sizes of images that halve evenly, and classes of labelled data, as networks ask for them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ganzoo import DataSpec, UserError


def labelled(data: DataSpec, who: str) -> int:
    """The number of classes.

    Raises:
        UserError: where ``data`` has no labels; it names ``who``.
    """
    if "label" not in data.fields or data.classes < 1:
        raise UserError(f"{who} needs labels, which this data lacks", "choose labelled data, or networks without labels")
    return data.classes


def halvings(data: DataSpec, who: str, *, base: int = 4, least: int = 2) -> tuple[tuple[int, int], int]:
    """The rows and columns of the innermost feature map, and how often those of an image halve down to it.

    The smaller side ends at ``base`` to ``2 * base - 1`` pixels: 28 x 28 at 7 x 7, 192 x 192 at 6 x 6, 64 x 128 at 4 x 8.

    Args:
        data: of a run.
        who: asks, for the message.
        base: the smallest side of the innermost map.
        least: how often a network halves at least.

    Raises:
        UserError: where samples are not images, or of a size that does not come out even, with the nearest sizes that do.
    """
    if not data.is_image:
        what = f"{who} serves images; this data's samples have the shape {data.shape}"
        raise UserError(what, "choose images, or networks that serve this shape")
    height, width = data.shape[-2:]
    times = _times(height, width, base)
    if times < least:
        what = f"{who} serves images of at least {base << least} pixels a side; this data's samples have the shape {data.shape}"
        raise UserError(what, "choose a larger size of the data, or networks that serve this shape")
    if height % 2**times or width % 2**times:
        near = " or ".join(f"{rows} x {columns}" for rows, columns in (_even(height, width, base, way) for way in (math.floor, math.ceil)))
        what = f"{who} halves images {times} times, which does not come out even for samples of the shape {data.shape}"
        raise UserError(what, f"make them {near}, the nearest sizes for which it does, or choose networks that serve this shape")
    return (height >> times, width >> times), times


def nearest(shape: Sequence[int], multiple: int, least: int = 0) -> str:
    """The sizes nearest to ``shape`` (..., H, W) whose edges are multiples of ``multiple`` and at least ``least``: "48 x 48 or 52 x 52"."""
    sizes = ([max(way(edge / multiple) * multiple, least, multiple) for edge in shape[-2:]] for way in (math.floor, math.ceil))
    return " or ".join(dict.fromkeys(f"{rows} x {columns}" for rows, columns in sizes))


def _times(height: int, width: int, base: int) -> int:
    return max(min(height, width) // base, 1).bit_length() - 1


def _even(height: int, width: int, base: int, way: Callable[[float], int]) -> tuple[int, int]:
    """The nearest size above or below that comes out even."""
    step = 2 ** _times(height, width, base)
    smaller = way(min(height, width) / step) * step
    step = 2 ** _times(smaller, smaller, base)
    larger = way(max(height, width) / step) * step
    return (smaller, larger) if height <= width else (larger, smaller)
