"""Line charts with Pillow alone, drawn large and reduced, so that lines are smooth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from ganzoo.ui.scatter import round_step

Colour = tuple[int, int, int]
BLUE, ORANGE, GREEN, GREY = (31, 90, 200), (208, 96, 16), (30, 132, 84), (120, 120, 120)

_WIDTH, _HEIGHT = 460, 320
"""Pixels of one chart."""
_LEFT, _TOP, _RIGHT, _BOTTOM = 58, 62, 16, 44
"""Pixels around its plot."""
_ENLARGED = 3
_PAPER, _FAINT, _AXIS, _INK = (255, 255, 255), (230, 230, 230), (150, 150, 150), (70, 70, 70)


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    Args:
        name: what the legend says; "": nothing.
        points: (x, y) in the chart's units, in the order they are joined.
        colour: red, green, blue.
        dots: separate dots in place of a line.
    """

    name: str
    points: Sequence[tuple[float, float]]
    colour: Colour
    dots: bool = False


def chart(title: str, across: str, lines: Sequence[Line], *, powers_of_ten: bool = False) -> Image.Image:
    """Lines in one frame whose limits they set.

    Args:
        title: what is drawn upwards.
        across: what is drawn to the right, with its unit.
        lines: in the order they are drawn, later ones on top.
        powers_of_ten: y are decimal logarithms.
    """
    canvas = Image.new("RGB", (_WIDTH * _ENLARGED, _HEIGHT * _ENLARGED), _PAPER)
    frame = _Frame(ImageDraw.Draw(canvas), [point for line in lines for point in line.points])
    frame.grid(powers_of_ten)
    for line in lines:
        frame.line(line)
    frame.text((_LEFT, 8), title, 13, "la")
    frame.text((_WIDTH - _RIGHT, _HEIGHT - 8), across, 11, "rd")
    frame.legend([line for line in lines if line.name])
    return canvas.resize((_WIDTH, _HEIGHT), Image.Resampling.LANCZOS)


def side_by_side(charts: Sequence[Image.Image]) -> Image.Image:
    """Charts in a row."""
    row = Image.new("RGB", (sum(image.width for image in charts), max(image.height for image in charts)), _PAPER)
    left = 0
    for image in charts:
        row.paste(image, (left, 0))
        left += image.width
    return row


class _Frame:
    """A chart's plane: from its units to enlarged pixels."""

    def __init__(self, draw: ImageDraw.ImageDraw, points: Sequence[tuple[float, float]]) -> None:
        self.draw = draw
        self.x, self.y = (_limits([point[axis] for point in points]) for axis in (0, 1))

    def place(self, x: float, y: float) -> tuple[float, float]:
        """A point in pixels of the chart."""
        right, down = (x - self.x[0]) / (self.x[1] - self.x[0]), (self.y[1] - y) / (self.y[1] - self.y[0])
        return _LEFT + right * (_WIDTH - _LEFT - _RIGHT), _TOP + down * (_HEIGHT - _TOP - _BOTTOM)

    def grid(self, powers_of_ten: bool) -> None:
        """Faint lines at round values with their numbers, and the frame."""
        for value in _round_values(*self.x):
            x, bottom = self.place(value, self.y[0])
            self._stroke([(x, _TOP), (x, bottom)], _FAINT, 1)
            self.text((x, bottom + 4), f"{value:g}", 10, "ma")
        for value in _round_values(*self.y):
            left, y = self.place(self.x[0], value)
            self._stroke([(left, y), (_WIDTH - _RIGHT, y)], _FAINT, 1)
            self.text((left - 6, y), f"1e{value:g}" if powers_of_ten else f"{value:g}", 10, "rm")
        corners = [self.place(self.x[i], self.y[j]) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))]
        self._stroke(corners, _AXIS, 1)

    def line(self, line: Line) -> None:
        """A line, or its points as dots."""
        places = [self.place(x, y) for x, y in line.points]
        if not line.dots:
            self._stroke(places, line.colour, 1.6)
        for x, y in places if line.dots else ():
            self._dot(x, y, 3.5, line.colour)

    def legend(self, lines: Sequence[Line]) -> None:
        """Names in their colours, in a row above the plot."""
        x = float(_LEFT)
        for line in lines:
            self._dot(x + 4, 44, 4, line.colour)
            self.text((x + 12, 44), line.name, 11, "lm")
            x += 12 + self.draw.textlength(line.name, font=_font(11)) / _ENLARGED + 14

    def text(self, place: tuple[float, float], text: str, size: int, anchor: str) -> None:
        """Text at a place of the chart, anchored as Pillow names it."""
        self.draw.text(_enlarged(place), text, fill=_INK, font=_font(size), anchor=anchor)

    def _stroke(self, places: Sequence[tuple[float, float]], colour: Colour, width: float) -> None:
        self.draw.line([_enlarged(place) for place in places], fill=colour, width=round(width * _ENLARGED), joint="curve")

    def _dot(self, x: float, y: float, radius: float, colour: Colour) -> None:
        self.draw.ellipse((*_enlarged((x - radius, y - radius)), *_enlarged((x + radius, y + radius))), fill=colour)


def _enlarged(place: tuple[float, float]) -> tuple[float, float]:
    return place[0] * _ENLARGED, place[1] * _ENLARGED


def _font(size: int) -> Any:
    return ImageFont.load_default(size=size * _ENLARGED)


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """The least and the greatest with a little to spare; an axis that starts at 0 goes on doing so."""
    low, high = min(values), max(values)
    spare = 0.05 * (high - low) or 0.5  # a level line has a unit around it
    return (low if low == 0 else low - spare), high + spare


def _round_values(low: float, high: float) -> list[float]:
    """About five round values between two limits."""
    step = round_step((high - low) / 4)
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
