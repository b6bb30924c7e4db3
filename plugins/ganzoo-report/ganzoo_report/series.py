"""Logged values over a run, each as a series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganzoo.rundir import Record


@dataclass(frozen=True)
class Series:
    """One logged value over the run.

    Args:
        name: its key (``critic/adversarial``).
        steps: (N,) float, ascending.
        values: (N,) float; some may not be finite.
    """

    name: str
    steps: np.ndarray
    values: np.ndarray


def series_of(record: Record) -> dict[str, Series]:
    """Key -> its values over the run, in the order in which the keys first appear."""
    points: dict[str, tuple[list[float], list[float]]] = {}
    for step in sorted(record.logs):
        for key, value in record.logs[step].items():
            steps, values = points.setdefault(key, ([], []))
            steps.append(step)
            values.append(value)
    return {key: Series(key, np.array(steps), np.array(values)) for key, (steps, values) in points.items()}
