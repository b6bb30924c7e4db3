"""Several runs on one page: grids from the same latents, curves together, numbers with provenance, what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.rundir import curves, write_atomically

from .changes import ABSENT, component_names
from .charts import Chart, make_charts
from .comparison import ComparedRun, NumberRow, fact_rows
from .html import render_page
from .numbers import number_text
from .page import is_estimate, is_health
from .pictures import Picture, as_picture
from .series import Series

NOT_COMPARED = ("seconds",)


@dataclass(frozen=True)
class Grid:
    """Samples of one run, or why there are none."""

    picture: Picture | None
    missing: str = ""


def write_comparison(
    path: Path,
    runs: Sequence[ComparedRun],
    pictures: Sequence[bytes | str],
    about_latents: str,
    numbers: Sequence[NumberRow],
    changed: dict[str, list[str]],
) -> Path:
    """Write the page.

    Args:
        path: the file.
        runs: what is compared.
        pictures: of each run a PNG of samples, or why there is none.
        about_latents: whether the samples correspond, in a sentence.
        numbers: what metrics gave.
        changed: key -> its value in each run.

    Raises:
        GanzooError: where the disk refuses.
    """
    same_loss = len({tuple(component_names(run.config, "loss")) for run in runs}) == 1
    html = render_page(
        "compare.html.j2",
        names=[run.name for run in runs],
        parts=[[(key, " + ".join(component_names(run.config, key))) for key in ("generator", "critic", "loss", "data")] for run in runs],
        grids=[_grid(found) for found in pictures],
        about_latents=about_latents,
        facts=fact_rows(runs),
        numbers=[_number(row) for row in numbers],
        charts=_charts(runs, numbers),
        same_loss=same_loss,
        changed=list(changed.items()),
        absent=ABSENT,
    )
    write_atomically(path, html.encode("utf-8", "replace"))
    return path


def _grid(found: bytes | str) -> Grid:
    return Grid(None, found) if isinstance(found, str) else Grid(as_picture(0, "samples", found))


def _charts(runs: Sequence[ComparedRun], numbers: Sequence[NumberRow]) -> list[tuple[str, list[Chart]]]:
    """Headings with their charts: each chart one quantity, a line a run."""
    keys = dict.fromkeys(key for run in runs for key in run.series if key not in NOT_COMPARED)
    colours = _colours(runs)
    groups: dict[str, list[Chart]] = {"Metrics": _metric_charts(runs, numbers), "Terms": [], "Estimates": [], "Health": [], "Other": []}
    for key in keys:
        group = "Estimates" if is_estimate(key) else "Health" if is_health(key) else "Terms" if "/" in key else "Other"
        groups[group] += make_charts(_title(key), _lines(runs, key), from_zero=key == "images_per_second", colours=colours)
    return [(name, charts) for name, charts in groups.items() if charts]


def _metric_charts(runs: Sequence[ComparedRun], numbers: Sequence[NumberRow]) -> list[Chart]:
    """Metrics measured more than once in a run, where the runs' numbers may share an axis."""
    charts = []
    for row in numbers:
        lines = []
        for run in runs:
            lines_of_run = curves(found for found in run.record.evaluations if found.metric == row.metric and row.number in found.numbers)
            last = max(lines_of_run, key=lambda line: line[-1].step, default=[])
            points = [(found.step, found.numbers[row.number]) for found in last]
            if points:
                steps, values = zip(*points, strict=True)
                lines.append(Series(run.name, np.array(steps, dtype=float), np.array(values)))
        if not row.differences and any(len(line.steps) > 1 for line in lines):
            title = row.number if row.number == row.metric else f"{row.metric}: {row.number}"
            charts += make_charts(title, lines, from_zero=True, colours=_colours(runs))
    return charts


def _colours(runs: Sequence[ComparedRun]) -> dict[str, int]:
    """A run keeps its colour, also where another has no such line."""
    return {run.name: i for i, run in enumerate(runs)}


def _lines(runs: Sequence[ComparedRun], key: str) -> list[Series]:
    return [Series(run.name, run.series[key].steps, run.series[key].values) for run in runs if key in run.series]


def _title(key: str) -> str:
    """``critic/gradient_norm`` in words: ``critic: gradient norm``."""
    return "samples a second" if key == "images_per_second" else key.replace("/", ": ").replace("_", " ")


def _number(row: NumberRow) -> dict[str, Any]:
    best = row.best
    cells = [
        {
            "value": number_text(found.value) if found else "",
            "step": f"{found.step:,}" if found else "",
            "best": i in best,
            "provenance": list(found.provenance.items()) if found else [],
        }
        for i, found in enumerate(row.values)
    ]
    return {
        "name": row.number if row.number == row.metric else f"{row.metric}: {row.number}",
        "cells": cells,
        "verdict": row.verdict,
        "ranked": bool(row.ranked),
    }
