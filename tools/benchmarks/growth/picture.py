"""Curves over processor time, as a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 320, 60, 20, 16, 44
COLOURS = ("#1f5ac8", "#c0392b")
GREY, FAINT = "#777777", "#e6e6e6"


@dataclass(frozen=True)
class Curve:
    """A training: its name, and after how many seconds (of the processor) and steps its distance was what."""

    name: str
    seconds: Sequence[float]
    values: Sequence[float]
    steps: Sequence[int]

    def at(self, seconds: float) -> float:
        """The distance after so many seconds, on the line between two measurements."""
        return float(np.interp(seconds, self.seconds, self.values))


def draw(curves: Sequence[Curve]) -> str:
    """An SVG: a line for each curve, from 0 to the largest value."""
    far, high = max(curve.seconds[-1] for curve in curves), max(max(curve.values) for curve in curves)

    def place(seconds: float, value: float) -> tuple[float, float]:
        return LEFT + seconds / far * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - value / high * (HEIGHT - TOP - BOTTOM)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">']
    parts.append(f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>')
    for value in ticks(high):
        y = place(0, value)[1]
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{FAINT}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="{GREY}">{value:g}</text>')
    for value in ticks(far):
        x = place(value, 0)[0]
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="{GREY}">{value:g}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - 8}" text-anchor="middle">seconds of one core</text>')
    for i, (curve, colour) in enumerate(zip(curves, COLOURS, strict=False)):
        points = [place(*point) for point in zip(curve.seconds, curve.values, strict=True)]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        parts.append(f'<text x="{WIDTH - RIGHT - 8}" y="{TOP + 14 + 16 * i}" text-anchor="end" fill="{colour}">{curve.name}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def ticks(end: float) -> list[float]:
    """Three to six round numbers from 0 to ``end``."""
    power = 10.0 ** math.floor(math.log10(end))
    step = next(step for step in (power / 5, power / 2, power, 2 * power) if end / step < 6)
    return [round(i * step, 10) for i in range(int(end / step) + 1)]
