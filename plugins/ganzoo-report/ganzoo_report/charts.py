"""Line charts as inline SVG, drawn here so that the report needs no library and no network.

Long series become the mean of each bucket with the span between its extremes behind it, so that no spike is lost.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from markupsafe import Markup

from .numbers import number_text
from .series import Series

WIDTH, HEIGHT = 460, 246
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 8, 40
_PLOT_WIDTH, _PLOT_HEIGHT = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM

BUCKETS = 200
"""A longer series is drawn as this many buckets."""
COLUMNS = 60
"""Places along a chart that show their numbers when pointed at."""
COLOURS = 6
"""Colours of the style sheet; a chart with more series is split."""


@dataclass(frozen=True)
class LegendEntry:
    """One series of a chart: its colour's number (from 0), its name, its last value in words."""

    colour: int
    name: str
    last: str


@dataclass(frozen=True)
class Chart:
    """A drawn chart: its title, the SVG, the legend, and what a reader must know about what is not shown."""

    title: str
    svg: Markup
    legend: list[LegendEntry]
    notes: list[str]


@dataclass(frozen=True)
class _Line:
    """What is drawn of a series: (P,) each, in the order of the steps; not finite where the line breaks."""

    steps: np.ndarray
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray


def make_charts(
    title: str, series: Sequence[Series], prefix: str = "", *, from_zero: bool = False, colours: Mapping[str, int] | None = None
) -> list[Chart]:
    """One chart of all ``series``, or several where there are more than ``COLOURS``; none where there is nothing to draw.

    Args:
        title: what the chart shows, with the unit.
        series: each with at least one point.
        prefix: left out of the names in the legend.
        from_zero: whether the values' axis starts at zero, as rates and distances should.
        colours: series name -> its colour's number, where it must be the same in several charts; None: in order.
    """
    drawable = [s for s in series if np.isfinite(s.values).any()]
    parts = [drawable[start : start + COLOURS] for start in range(0, len(drawable), COLOURS)]
    charts = []
    for i, part in enumerate(parts):
        numbers = [j if colours is None else colours[s.name] % COLOURS for j, s in enumerate(part)]
        charts.append(_chart(title if i == 0 else f"{title}, continued", part, prefix, from_zero, numbers))
    return charts


def decimate(series: Series, buckets: int = BUCKETS) -> _Line:
    """A series as at most ``buckets`` points; one that short comes back as it is.

    A bucket's value is the mean of its finite values, between their lowest and highest; a bucket without any breaks the line.
    """
    steps, values = series.steps, series.values
    if len(values) <= buckets:
        return _Line(steps, values, values, values)
    starts = np.linspace(0, len(values), buckets, endpoint=False).astype(int)
    finite = np.isfinite(values)
    counts = np.add.reduceat(finite.astype(float), starts)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.add.reduceat(np.where(finite, values, 0.0), starts) / counts  # 0 / 0 is NaN: the break
    middles = np.add.reduceat(steps.astype(float), starts) / np.diff(np.append(starts, len(values)))
    low = np.minimum.reduceat(np.where(finite, values, np.inf), starts)
    high = np.maximum.reduceat(np.where(finite, values, -np.inf), starts)
    return _Line(middles, means, low, high)


def value_limits(series: Sequence[Series], from_zero: bool = False) -> tuple[float, float]:
    """Lowest and highest value in view, zero included where asked for.

    A few values far from all others stay out of it, or nothing else could be seen.
    """
    values = np.concatenate([s.values[np.isfinite(s.values)] for s in series])
    low, high = float(values.min()), float(values.max())
    if len(values) >= 20:
        first, last = (float(q) for q in np.quantile(values, (0.01, 0.99)))
        reach = last - first or abs(last) or 1.0
        low = first - 0.3 * reach if low < first - 2 * reach else low
        high = last + 0.3 * reach if high > last + 2 * reach else high
    starts_at_zero = from_zero and low >= 0
    low = 0.0 if starts_at_zero else low
    spare = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return (low if starts_at_zero else low - spare), high + spare


def _chart(title: str, series: Sequence[Series], prefix: str, from_zero: bool, colours: Sequence[int]) -> Chart:
    names = [s.name.removeprefix(prefix) for s in series]
    first = min(float(s.steps[0]) for s in series)
    last = max(float(s.steps[-1]) for s in series)
    frame = _Frame(first, last, *value_limits(series, from_zero))
    lines = [decimate(s) for s in series]
    body = [
        *frame.grid(),
        f'<svg class="plot" x="{_LEFT}" y="{_TOP}" width="{_PLOT_WIDTH}" height="{_PLOT_HEIGHT}">',
    ]  # it cuts off what is out of view
    body += [shape for colour, line in zip(colours, lines, strict=True) for shape in _shapes(frame, line, colour)]
    body += ["</svg>", *_columns(frame, names, lines)]
    spoken = "; ".join(
        f"{name} from {number_text(_finite(s)[0])} to {number_text(_finite(s)[-1])}" for name, s in zip(names, series, strict=True)
    )
    label = escape(f"{title}. Steps {first:,.0f} to {last:,.0f}. {spoken}.")
    svg = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(body)}</svg>'
    legend = [LegendEntry(c, name, number_text(float(s.values[-1]))) for c, name, s in zip(colours, names, series, strict=True)]
    return Chart(title, Markup(svg), legend, _notes(frame, names, series))


class _Frame:
    """The plane of a chart: steps to the right, values upwards, and their round numbers."""

    def __init__(self, first: float, last: float, low: float, high: float) -> None:
        if first == last:  # one point stands in the middle
            first, last = first - 1, last + 1
        self.first, self.last, self.low, self.high = first, last, low, high

    def x(self, steps: np.ndarray) -> np.ndarray:
        """Steps to pixels from the plot's left edge."""
        pixels: np.ndarray = (steps - self.first) / (self.last - self.first) * _PLOT_WIDTH
        return pixels

    def y(self, values: np.ndarray) -> np.ndarray:
        """Values to pixels from the plot's top, kept near it: renderers dislike huge numbers."""
        pixels = (self.high - values) / (self.high - self.low) * _PLOT_HEIGHT
        near: np.ndarray = np.clip(pixels, -2 * HEIGHT, 3 * HEIGHT)
        return near

    def grid(self) -> list[str]:
        """Lines at round values, a stronger one at zero, the numbers along both axes, and what the lower one counts."""
        shapes = [f'<text x="{_LEFT + _PLOT_WIDTH / 2:.1f}" y="{HEIGHT - 4}" text-anchor="middle">step</text>']
        for value in _round_values(self.low, self.high, 3):
            y = _TOP + float(self.y(np.array(value)))
            strong = ' class="zero"' if value == 0 else ""
            shapes.append(f'<line{strong} x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            shapes.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_tick_text(value)}</text>')
        for step in _round_values(self.first, self.last, 4):
            x = _LEFT + float(self.x(np.array(step)))
            if step == int(step):
                shapes.append(f'<text x="{x:.1f}" y="{HEIGHT - 22}" text-anchor="middle">{_tick_text(step)}</text>')
        return shapes


def _shapes(frame: _Frame, line: _Line, colour: int) -> list[str]:
    """The span of each bucket, the line over it, and a dot for a point that has no neighbour."""
    shapes = []
    x = frame.x(line.steps)
    finite = np.isfinite(line.values)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], finite, [False]]).astype(int)))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        part = slice(start, end)
        y = frame.y(line.values[part])
        if end - start == 1:
            shapes.append(f'<circle class="s{colour}" cx="{x[start]:.1f}" cy="{y[0]:.1f}" r="3"/>')
            continue
        if (line.high[part] > line.low[part]).any():
            around = np.concatenate([x[part], x[part][::-1]]), np.concatenate([frame.y(line.high[part]), frame.y(line.low[part])[::-1]])
            shapes.append(f'<polygon class="s{colour}" points="{_points(*around)}"/>')
        shapes.append(f'<polyline class="s{colour}" points="{_points(x[part], y)}"/>')
    return shapes


def _columns(frame: _Frame, names: Sequence[str], lines: Sequence[_Line]) -> list[str]:
    """Invisible columns that name their step and values when pointed at."""
    steps = np.unique(np.concatenate([line.steps for line in lines]))
    steps = steps[np.unique(np.linspace(0, len(steps) - 1, min(COLUMNS, len(steps))).astype(int))]
    x = frame.x(steps)
    borders = np.concatenate([[0.0], (x[1:] + x[:-1]) / 2, [float(_PLOT_WIDTH)]])
    shapes = []
    for i, step in enumerate(steps):
        numbers = [
            f"{name} {number_text(float(line.values[np.abs(line.steps - step).argmin()]))}" for name, line in zip(names, lines, strict=True)
        ]
        words = escape("\n".join([f"step {step:,.0f}", *numbers]))
        width = borders[i + 1] - borders[i]
        shapes.append(
            f'<rect x="{_LEFT + borders[i]:.1f}" y="{_TOP}" width="{width:.1f}" height="{_PLOT_HEIGHT}"><title>{words}</title></rect>'
        )
    return shapes


def _notes(frame: _Frame, names: Sequence[str], series: Sequence[Series]) -> list[str]:
    notes = []
    for name, s in zip(names, series, strict=True):
        broken = np.flatnonzero(~np.isfinite(s.values))
        if len(broken):
            values = "1 value is" if len(broken) == 1 else f"{len(broken):,} values are"
            notes.append(f"{name}: {values} not finite, the first at step {s.steps[broken[0]]:,.0f}")
        finite = np.isfinite(s.values)
        outside = np.flatnonzero(finite & ((s.values < frame.low) | (s.values > frame.high)))
        if len(outside):
            furthest = outside[np.abs(s.values[outside] - (frame.low + frame.high) / 2).argmax()]
            values = "1 value lies" if len(outside) == 1 else f"{len(outside):,} values lie"
            notes.append(f"{name}: {values} out of view, up to {number_text(float(s.values[furthest]))} at step {s.steps[furthest]:,.0f}")
    return notes


def _finite(series: Series) -> list[float]:
    values: list[float] = [float(value) for value in series.values[np.isfinite(series.values)]]
    return values


def _points(x: np.ndarray, y: np.ndarray) -> str:
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))


def _round_values(low: float, high: float, about: int) -> list[float]:
    """Round numbers between ``low`` and ``high``, about so many."""
    span = (high - low) / about
    if not (math.isfinite(span) and span > 1e-300):
        return []
    step = round_step(span)
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def round_step(span: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is at most ``span`` (positive)."""
    power = 10.0 ** math.floor(math.log10(span))
    return power * max(factor for factor in (1, 2, 5) if factor * power <= span * (1 + 1e-9))


def _tick_text(value: float) -> str:
    """A tick's number, short: ``0.5``, ``20k``, ``1.5M``, ``2e-05``."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if size <= abs(value) < 1e9:
            return f"{value / size:.6g}{letter}"
    return f"{value:.6g}"
