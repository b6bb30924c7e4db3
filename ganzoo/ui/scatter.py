"""Points as a scatter plot. Needs numpy and Pillow, no torch."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from .pictures import font_of

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

_PAPER, _FAINT, _AXIS, _INK = (255, 255, 255), (236, 236, 236), (150, 150, 150), (90, 90, 90)
_REAL, _FAKE = (128, 128, 128), (31, 90, 200)
_DISC_RADIUS = 1.6
_OVERSAMPLING = 2


def scatter(points: np.ndarray, reference: np.ndarray | None = None, size: int = 512) -> Image.Image:
    """Made points in blue over real ones in grey, on equal axes whose limits the real ones set.

    Where points crowd the ink gets denser. Made points beyond the limits are counted in a corner.

    Args:
        points: float (N, 2).
        reference: float (M, 2): real points; None: ``points`` set the limits.
        size: width and height of the picture in pixels.

    Raises:
        ValueError: for other shapes.
    """
    from PIL import Image, ImageDraw

    for name, value in (("points", points), ("reference", reference)):
        if value is not None and (value.ndim != 2 or value.shape[1] != 2):
            raise ValueError(f"{name} must be (N, 2), not {value.shape}")
    made = points[np.isfinite(points).all(axis=1)].astype(np.float64)
    real = None if reference is None else reference[np.isfinite(reference).all(axis=1)].astype(np.float64)

    centre, half = _limits(made if real is None or not len(real) else real)
    margin = 28
    side = size - 2 * margin
    canvas = Image.new("RGB", (size, size), _PAPER)
    draw = ImageDraw.Draw(canvas)
    _axes(draw, centre, half, margin, side)

    plot = np.asarray(canvas, dtype=np.float64)[margin : margin + side, margin : margin + side]
    if real is not None:
        plot = _ink(plot, _coverage(real, centre, half, side, 0.35), _REAL)
    plot = _ink(plot, _coverage(made, centre, half, side, 0.55), _FAKE)
    canvas.paste(Image.fromarray(np.rint(plot).astype(np.uint8)), (margin, margin))

    draw.rectangle((margin, margin, margin + side - 1, margin + side - 1), outline=_AXIS)
    outside = len(points) - int((np.abs(made - centre) <= half).all(axis=1).sum())
    legend = [("real", _REAL)] if real is not None else []
    legend += [("made" if not outside else f"made ({outside} of {len(points)} out of view)", _FAKE)]
    _legend(draw, legend, margin)
    return canvas


def _limits(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre (2,) and half side of the square that holds ``points`` (N, 2) with a tenth to spare."""
    if not len(points):
        return np.zeros(2), 1.0
    low, high = points.min(axis=0), points.max(axis=0)
    half = float((high - low).max()) / 2 * 1.1
    return (low + high) / 2, half if half > 0 else 1.0


def _coverage(points: np.ndarray, centre: np.ndarray, half: float, side: int, opacity: float) -> np.ndarray:
    """How much of each pixel (side, side) the points' discs cover, in [0, 1]; row 0 is the top."""
    fine = side * _OVERSAMPLING
    edges = np.linspace(-half, half, fine + 1)
    counts = np.histogram2d(centre[1] - points[:, 1], points[:, 0] - centre[0], bins=(edges, edges))[0]
    reach = math.ceil(_DISC_RADIUS * _OVERSAMPLING)
    rows, columns = np.nonzero(counts)
    discs = np.zeros((fine + 2 * reach, fine + 2 * reach), dtype=np.int64)
    for dy, dx in product(range(2 * reach + 1), repeat=2):
        if math.hypot(dx - reach, dy - reach) <= _DISC_RADIUS * _OVERSAMPLING:
            discs[rows + dy, columns + dx] += counts[rows, columns].astype(np.int64)
    cover = (1.0 - (1.0 - opacity) ** np.arange(discs.max() + 1))[discs[reach:-reach, reach:-reach]]
    parts = [cover[i::_OVERSAMPLING, j::_OVERSAMPLING] for i, j in product(range(_OVERSAMPLING), repeat=2)]
    return np.asarray(np.mean(parts, axis=0))


def _ink(plot: np.ndarray, coverage: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """Colour laid over ``plot`` (side, side, 3) where ``coverage`` (side, side) says."""
    cover = coverage[..., None]
    mixed: np.ndarray = plot * (1.0 - cover) + np.array(colour, dtype=np.float64) * cover
    return mixed


def _axes(draw: ImageDraw.ImageDraw, centre: np.ndarray, half: float, margin: int, side: int) -> None:
    """Faint lines at round values, with their numbers below and to the left."""
    font: Any = font_of(10)
    step = round_step(half / 2)
    for axis in (0, 1):
        low, high = centre[axis] - half, centre[axis] + half
        for k in range(math.ceil(low / step), math.floor(high / step) + 1):
            offset = (k * step - low) / (2 * half) * side
            label = f"{k * step:.6g}"
            if axis == 0:
                draw.line((margin + offset, margin, margin + offset, margin + side - 1), fill=_FAINT)
                draw.text((margin + offset, margin + side + 4), label, fill=_INK, font=font, anchor="mt")
            else:
                draw.line((margin, margin + side - offset, margin + side - 1, margin + side - offset), fill=_FAINT)
                draw.text((margin - 4, margin + side - offset), label, fill=_INK, font=font, anchor="rm")


def _legend(draw: ImageDraw.ImageDraw, entries: list[tuple[str, tuple[int, int, int]]], left: int) -> None:
    """Dots and words above the frame."""
    font: Any = font_of(11)
    x = float(left)
    for text, colour in entries:
        draw.ellipse((x, 10, x + 7, 17), fill=colour)
        draw.text((x + 12, 14), text, fill=_INK, font=font, anchor="lm")
        x += 12 + draw.textlength(text, font=font) + 18


def round_step(span: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is at most ``span`` (positive)."""
    power = 10.0 ** math.floor(math.log10(span))
    return power * max(factor for factor in (1, 2, 5) if factor * power <= span * (1 + 1e-9))
