"""The sizes of images that networks of halvings and doublings serve."""

from __future__ import annotations

from ganzoo import DataSpec, UserError

SMALLEST, LARGEST = 4, 15
"""Sides of the innermost feature map."""


def halvings(data: DataSpec, who: str) -> tuple[tuple[int, int], int]:
    """Height and width of the innermost feature map, and how often the image's sides halve down to it.

    Both sides are halved as long as they are even and the smaller one stays at 4 or more: 32 x 32 down to 4 x 4, 28 x 28 to 7 x 7, 48 x 96
    to 6 x 12.

    Raises:
        UserError: where ``data`` is not an image, or a side cannot be halved down to 15 or less; it names ``who``.
    """
    height, width = data.shape[1:] if data.is_image else (0, 0)
    count = 0
    while height % 2 == width % 2 == 0 and min(height, width) >= 2 * SMALLEST:
        height, width, count = height // 2, width // 2, count + 1
    if not count or min(height, width) > LARGEST:
        raise UserError(
            f"{who} serves images whose sides halve to between {SMALLEST} and {LARGEST}, such as 28, 32, 48 or 64 pixels; "
            f"this data's samples have the shape {data.shape}",
            "choose another size of the data, or networks that serve this shape",
        )
    return (height, width), count


def labelled(data: DataSpec, who: str) -> int:
    """The number of classes.

    Raises:
        UserError: where ``data`` has no labels; it names ``who``.
    """
    if "label" not in data.fields or data.classes < 1:
        raise UserError(f"{who} needs labels, which this data lacks", "choose labelled data, or networks without labels")
    return data.classes
