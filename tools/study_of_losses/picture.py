"""The results of a data set as a picture: a line for each cell, a dot for each trial."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .cells import DATA, Cell
from .results import Results, Row

LEFT, RIGHT, TOP, LINE = 270, 20, 46, 15
"""Pixels beside the plot, over it, and between two lines."""
WIDTH = 760
FAINT, GREY, BLUE, RED = "#e6e6e6", "#9a9a9a", "#1f5ac8", "#c0392b"


def strip(data: str, cells: Sequence[Cell], results: Results) -> str:
    """An SVG: grey dots for the draws, blue ones for the seeds of the best, red ones at the bad end for what diverged."""
    low, high = DATA[data].limits
    height = TOP + LINE * len(cells) + 24

    def across(row: Row) -> float:
        bad = low if DATA[data].sign > 0 else high
        share = ((bad if row.score is None else min(max(row.score, low), high)) - low) / (high - low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def lines() -> Iterator[str]:
        yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="11">'
        yield f'<rect width="{WIDTH}" height="{height}" fill="white"/>'
        better = "right" if DATA[data].sign > 0 else "left"
        yield f'<text x="{LEFT}" y="16">{DATA[data].called} ({better} is better)</text>'
        yield f'<text x="{LEFT}" y="32" fill="{GREY}">grey: six random settings; blue: three seeds of the best; red: diverged</text>'
        for part in range(5):
            x = LEFT + part / 4 * (WIDTH - LEFT - RIGHT)
            yield f'<line x1="{x:.0f}" x2="{x:.0f}" y1="{TOP - 6}" y2="{height - 20}" stroke="{FAINT}"/>'
            yield f'<text x="{x:.0f}" y="{height - 6}" text-anchor="middle">{low + part / 4 * (high - low):g}</text>'
        for i, cell in enumerate(cells):
            y = TOP + LINE * i + 4
            yield f'<text x="{LEFT - 10}" y="{y + 4}" text-anchor="end">{cell.loss} / {cell.regulariser}</text>'
            for row in results.draws(cell):
                yield f'<circle cx="{across(row):.1f}" cy="{y}" r="3" fill="{GREY if row.score is not None else RED}" fill-opacity="0.7"/>'
            for row in results.best(cell):
                yield f'<circle cx="{across(row):.1f}" cy="{y}" r="3.5" fill="{BLUE}" fill-opacity="0.8"/>'
        yield "</svg>"

    return "\n".join(lines()) + "\n"
