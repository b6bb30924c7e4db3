"""Comparison of several runs: their numbers, ranked only where that means something, and their facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.rundir import Record

from .numbers import duration_text, number_text
from .series import Series


@dataclass(frozen=True)
class ComparedRun:
    """One run as a comparison sees it.

    Args:
        name: short, and different from the others'.
        folder: the run directory.
        record: its story.
        config: as resolved; {} where it cannot be read.
        environment: its ``env.json``.
    """

    name: str
    folder: Path
    record: Record
    config: dict[str, Any]
    environment: dict[str, Any]
    series: dict[str, Series] = field(default_factory=dict)


@dataclass(frozen=True)
class Measured:
    """A number of one run: the value, the step it was measured at, and what it depends on."""

    value: float
    step: int
    provenance: Mapping[str, str]


@dataclass(frozen=True)
class NumberRow:
    """One number of one metric, for all runs.

    Args:
        metric: the metric's name.
        number: the number's name.
        values: of each run, the last one measured; None where there is none.
        better: "lower", "higher", or "" where the metric does not say.
        differences: why the values cannot be ranked, a sentence each; empty where they can.
    """

    metric: str
    number: str
    values: Sequence[Measured | None]
    better: str
    differences: Sequence[str]

    @property
    def ranked(self) -> list[int]:
        """The runs that were measured, best first; empty where they are not to be ranked."""
        known = [(found.value, i) for i, found in enumerate(self.values) if found is not None]
        if self.differences or not self.better or len(known) < 2:
            return []
        return [i for _, i in sorted(known, reverse=self.better == "higher")]

    @property
    def best(self) -> set[int]:
        """The run in front, or several that are level."""
        order = self.ranked
        return {i for i in order if self.values[i].value == self.values[order[0]].value}  # type: ignore[union-attr]

    @property
    def verdict(self) -> str:
        """In words: which way is better, or why there is no order."""
        if sum(found is not None for found in self.values) < 2:
            return "measured of one run only"
        if self.differences:
            return f"not ranked: {'; '.join(self.differences)}"
        return f"{self.better} is better" if self.better else "not ranked: the metric does not say which way is better"


def fact_rows(runs: Sequence[ComparedRun]) -> list[tuple[str, list[str]]]:
    """What a reader wants to know first, a row a fact, a cell a run."""
    rows = [
        ("outcome", [run.record.outcome or "open" for run in runs]),
        ("steps", [f"{run.record.last_step:,}" for run in runs]),
        ("time training", [duration_text(run.record.seconds) for run in runs]),
        ("samples a second", [_median(run.series.get("images_per_second")) for run in runs]),
    ]
    for word, section, key in (("device", "runtime", "device"), ("precision", "runtime", "precision")):
        rows.append((word, [str((run.environment.get(section) or {}).get(key, "")) for run in runs]))
    begun = [run.environment.get("init") for run in runs]
    told = [", ".join(f"{part} {known}" for part, known in each.items()) if isinstance(each, dict) else "" for each in begun]
    rows.append(("begun with weights", told))
    rows.append(("changed on resuming", ["; ".join(text for _, text in run.record.changes) for run in runs]))
    return [(name, cells) for name, cells in rows if any(cells)]


def _median(series: Series | None) -> str:
    finite = series.values[np.isfinite(series.values)] if series is not None else np.empty(0)
    return number_text(float(np.median(finite))) if len(finite) else ""
