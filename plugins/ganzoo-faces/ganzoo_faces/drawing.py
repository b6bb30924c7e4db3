"""Draws faces: shapes with smooth edges, painted over each other, of any number of pixels.

Legend of shapes: N faces, S pixels of the edge, A attributes. Coordinates run from -1 to 1, x to the right and y down.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

ATTRIBUTES = ("glasses", "smile", "beard", "hat", "long_hair")
"""What a face has or has not, in the order of the columns."""
Array: TypeAlias = np.ndarray
Draw: TypeAlias = Callable[..., Array]

SKINS = np.array([(255, 222, 196), (236, 188, 150), (205, 146, 103), (150, 98, 66), (96, 62, 44)], np.float32)
HAIRS = np.array([(34, 26, 24), (92, 56, 32), (160, 104, 48), (222, 184, 104), (168, 62, 36), (176, 176, 182)], np.float32)
IRISES = np.array([(70, 44, 26), (58, 96, 150), (70, 120, 76)], np.float32)


def draw_faces(random: np.random.Generator, attributes: Array, size: int) -> Array:
    """Faces with the given attributes; everything else about them is drawn from ``random``, and does not depend on these.

    Args:
        random: where the rest comes from.
        attributes: (N, A) bool.
        size: pixels S of the edge.

    Returns:
        (N, 3, S, S) uint8.
    """
    n = len(attributes)
    glasses, smile, beard, hat, long_hair = attributes.T[..., None, None].astype(np.float32)
    canvas = _Canvas(n, size)

    def draw(low: float, high: float) -> Array:
        return random.uniform(low, high, (n, 1, 1)).astype(np.float32)

    def colours(palette: Array, spread: float) -> Array:
        chosen = palette[random.integers(len(palette), size=n)] + random.uniform(-spread, spread, (n, 3))
        return chosen.clip(0, 255).astype(np.float32)

    skin, hair, iris = colours(SKINS, 8), colours(HAIRS, 12), colours(IRISES, 10)
    wall, shirt, cap = (random.uniform(*bounds, (n, 3)).astype(np.float32) for bounds in ((110, 245), (20, 230), (20, 230)))
    lip = (skin * np.array([0.82, 0.5, 0.5], np.float32)).astype(np.float32)
    width, height, tilt, light = draw(0.40, 0.50), draw(0.54, 0.64), draw(-0.14, 0.14), draw(-0.2, 0.2)
    phase, strands, stripes, curl = draw(0, 6.28), draw(26, 34), draw(18, 26), draw(-0.5, 0.5)
    gap, eye, eye_y, brow, open_eye = draw(0.17, 0.22), draw(0.075, 0.1), draw(-0.12, -0.04), draw(0.12, 0.17), draw(0.5, 0.75)
    mouth_y, mouth, nose, fringe, look = draw(0.27, 0.33), draw(0.15, 0.21), draw(0.1, 0.15), draw(-0.42, -0.3), draw(-0.025, 0.025)
    x, y = canvas.x - draw(-0.1, 0.1), canvas.y - draw(-0.02, 0.12)
    x, y = x * np.cos(tilt) + y * np.sin(tilt), y * np.cos(tilt) - x * np.sin(tilt)

    def ellipse(cx: Array | float, cy: Array | float, a: Array | float, b: Array | float) -> Array:
        """Signed distance, about, to an ellipse: negative inside."""
        distance: Array = (np.sqrt(((x - cx) / a) ** 2 + ((y - cy) / b) ** 2) - 1) * np.minimum(a, b)
        return distance

    head, away = ellipse(0, 0, width, height), np.float32(9)
    hair_shade = 1 + 0.22 * np.sin(strands * (x + curl * y) + phase)
    # The wall and the body.
    canvas.image[:] = (wall[:, :, None, None] * (1 + 0.16 * canvas.y[:, None])).clip(0, 255)
    canvas.paint(np.where(long_hair > 0, np.maximum(ellipse(0, 0.1, width + 0.16, height + 0.24), y - 0.75), away), hair, hair_shade)
    canvas.paint(np.maximum(np.abs(x) - 0.17, -y), skin * 0.86)
    canvas.paint(ellipse(0, 1.12, 0.8, 0.5), shirt, 1 + 0.25 * np.sign(np.sin(stripes * x + phase)))
    # The head.
    for side in (-1, 1):
        canvas.paint(ellipse(side * width, 0.02, 0.07, 0.12), skin * 0.9)
    canvas.paint(head, skin, 1 + light * x / width)
    jaw = np.maximum(head, 0.12 + 0.45 * x**2 - y)
    canvas.paint(np.where(beard > 0, jaw, away), hair, 1 + 0.18 * np.sin(strands * (x - curl * y) + phase))
    scalp = np.maximum(ellipse(0, -0.03, width + 0.05, height + 0.06), y - fringe - 0.9 * curl * x * (np.abs(x) < width))
    canvas.paint(scalp, hair, hair_shade)
    # What is in it.
    for side in (-1, 1):
        canvas.paint(ellipse(side * gap, eye_y, eye, eye * open_eye), np.array([[250, 250, 250]], np.float32))
        canvas.paint(ellipse(side * gap + look, eye_y, eye * 0.55, eye * 0.55), iris)
        canvas.paint(ellipse(side * gap + look, eye_y, eye * 0.25, eye * 0.25), np.array([[15, 15, 15]], np.float32))
        canvas.paint(np.maximum(np.abs(y - eye_y + brow - 0.25 * (np.abs(x) - gap)) - 0.022, np.abs(x - side * gap) - 0.1), hair * 0.6)
    canvas.paint(np.maximum(np.abs(x - 0.02 - 0.15 * (y - eye_y)) - 0.018, np.abs(y - 0.06) - nose / 2), skin * 0.72)
    bend = np.where(smile > 0, 3.2, -0.6).astype(np.float32) * (x**2)
    lips = np.maximum(np.abs(y - mouth_y - 0.03 + bend - 0.05 * (smile > 0)) - np.where(smile > 0, 0.045, 0.03), np.abs(x) - mouth)
    canvas.paint(lips, lip)
    teeth = np.maximum(np.abs(y - mouth_y - 0.015 + bend - 0.05) - 0.018, np.abs(x) - mouth * 0.8)
    canvas.paint(np.where(smile > 0, teeth, away), np.array([[250, 250, 245]], np.float32))
    frame = np.minimum(*(np.abs(ellipse(side * gap, eye_y, 0.15, 0.13)) - 0.02 for side in (-1, 1)))
    frame = np.minimum(frame, np.maximum(np.abs(y - eye_y) - 0.018, np.abs(np.abs(x) - gap) - 0.15) + 9 * (np.abs(x) > gap - 0.14))
    canvas.paint(np.where(glasses > 0, frame, away), np.array([[25, 25, 30]], np.float32))
    crown = np.maximum(ellipse(0, -0.12, width + 0.09, height + 0.12), y + 0.38)
    brim = np.maximum(np.abs(y + 0.36) - 0.05, np.abs(x) - width - 0.16)
    canvas.paint(np.where(hat > 0, np.minimum(crown, brim), away), cap, 1 - 0.3 * (np.abs(y + 0.36) < 0.05))
    return np.rint(canvas.image).clip(0, 255).astype(np.uint8)


class _Canvas:
    """Pictures that are painted on, and their coordinates.

    Args:
        n: how many.
        size: pixels of the edge.
    """

    def __init__(self, n: int, size: int) -> None:
        places = ((np.arange(size, dtype=np.float32) + 0.5) * 2 / size - 1)[None]
        self.x, self.y, self._size = places[:, None, :], places[:, :, None], size
        self.image = np.empty((n, 3, size, size), np.float32)

    def paint(self, distance: Array, colour: Array, shade: Array | float = 1.0) -> None:
        """Cover what lies within ``distance`` < 0, an edge pixel in part, with ``colour`` (N, 3) times ``shade``."""
        share = (0.5 - distance * (self._size / 2)).clip(0, 1)[:, None]
        painted = colour[:, :, None, None] * np.asarray(shade, np.float32).reshape(*np.shape(shade)[:-2], 1, *np.shape(shade)[-2:])
        self.image += share * (painted.clip(0, 255) - self.image)
