"""Channels of networks that halve their images, at each size."""

from __future__ import annotations

from ganzoo import DataSpec
from ganzoo_layers.sizes import halvings


def pyramid(data: DataSpec, width: int, capacity: int, who: str) -> list[tuple[tuple[int, int], int]]:
    """Height, width and channels at each size, from the innermost map to the image: ``capacity`` by the side, at most ``width``.

    Raises:
        UserError: where ``data`` has an unfit shape; it names ``who``.
    """
    (height, wide), count = halvings(data, who, least=1)
    sides = [2**i for i in range(count + 1)]
    return [((height * i, wide * i), max(1, min(width, capacity // (min(height, wide) * i)))) for i in sides]
