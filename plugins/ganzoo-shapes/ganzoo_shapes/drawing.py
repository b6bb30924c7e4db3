"""Draws shapes with smooth edges, many pictures at once.

Legend of shapes: N pictures, H rows, W columns. Lengths are in pixels, y grows downwards, colours are RGB from 0 to 255.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

Array = np.ndarray

SLOPE = np.sqrt(3) / 2
FORMS: Mapping[str, Callable[[Array, Array], Array]] = {
    "circle": lambda x, y: np.hypot(x, y) - 0.9,
    "square": lambda x, y: np.maximum(abs(x), abs(y)) - 0.8,
    "triangle": lambda x, y: np.maximum(y - 0.6, SLOPE * abs(x) - (y + 0.9) / 2),
    "cross": lambda x, y: np.minimum(np.maximum(abs(x) - 0.3, abs(y) - 0.9), np.maximum(abs(x) - 0.9, abs(y) - 0.3)),
}
"""A shape of radius 1 about the origin to the distance of (x, y) from its edge: negative inside."""
COLOURS: Mapping[str, tuple[int, int, int]] = {
    "red": (215, 50, 45),
    "green": (50, 160, 70),
    "blue": (45, 90, 205),
    "yellow": (235, 190, 40),
    "purple": (140, 70, 170),
}
ALONE = 0.38
"""Radius of a shape that stands alone, in edges of its picture."""


def distances(form: Array, size: int, centre: Array, radius: Array, turn: Array) -> Array:
    """Each pixel's distance to the edge of its picture's shape: (N, size, size), negative inside.

    Args:
        form: (N,), numbers of ``FORMS``.
        size: edge of the pictures.
        centre: (N, 2), x and y.
        radius: (N,).
        turn: (N,), in radians.
    """
    rows, columns = np.mgrid[:size, :size] + 0.5
    x, y = ((axis - middle[:, None, None]) / radius[:, None, None] for axis, middle in ((columns, centre[:, 0]), (rows, centre[:, 1])))
    cosine, sine = (function(turn)[:, None, None] for function in (np.cos, np.sin))
    x, y = cosine * x + sine * y, cosine * y - sine * x
    found = np.empty_like(x)
    for number, distance in enumerate(FORMS.values()):
        found[form == number] = distance(x[form == number], y[form == number])
    return found * radius[:, None, None]  # type: ignore[no-any-return]


def filled(distance: Array) -> Array:
    """How much of each pixel lies inside: (N, H, W) in [0, 1]."""
    return np.clip(0.5 - distance, 0, 1)


def outlined(distance: Array, line: float) -> Array:
    """How much of each pixel lies on a line of this thickness along the inside of the edge."""
    return filled(abs(distance + line / 2) - line / 2)


def paint(canvas: Array, cover: Array, colour: Array) -> Array:
    """``canvas`` (N, 3, H, W) with ``colour`` (N, 3) where ``cover`` (N, H, W) says."""
    part = cover[:, None]
    return canvas * (1 - part) + colour[:, :, None, None] * part  # type: ignore[no-any-return]


def alone(form: Array, colour: Array, size: int) -> Array:
    """Shapes by themselves, upright in the middle of white: uint8 (N, 3, size, size).

    Args:
        form: (N,), numbers of ``FORMS``.
        colour: (N, 3).
        size: edge of the pictures.
    """
    n = len(form)
    distance = distances(form, size, np.full((n, 2), size / 2), np.full(n, ALONE * size), np.zeros(n))
    return as_bytes(paint(np.full((n, 3, size, size), 255.0), filled(distance), colour))


def palette() -> Array:
    """``COLOURS`` as rows: (5, 3)."""
    return np.array(list(COLOURS.values()), float)


def as_bytes(pictures: Array) -> Array:
    """Rounded to uint8."""
    return np.clip(pictures.round(), 0, 255).astype(np.uint8)  # type: ignore[no-any-return]
