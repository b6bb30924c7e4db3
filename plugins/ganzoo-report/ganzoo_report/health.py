"""The critic's health as the log shows it, in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from .numbers import number_text
from .series import Series


def sentences(series: Mapping[str, Series]) -> list[str]:
    """The score gap and the gradient norms over the last tenth of the run; empty where neither was logged."""
    words = []
    real, fake = _end(series.get("critic/real_score")), _end(series.get("critic/fake_score"))
    if len(real) and len(fake):
        gap = float(np.mean(real) - np.mean(fake))
        order = "above" if gap >= 0 else "below"
        words.append(f"Over the last tenth of the run the critic scored real samples {number_text(abs(gap))} {order} made ones.")
        if gap < 0:
            words.append("It prefers the made ones: the generator is ahead of it.")
    for side in ("critic", "generator"):
        norms = series.get(f"{side}/gradient_norm")
        if norms is not None and len(end := _end(norms)):
            finite = np.where(np.isfinite(norms.values), norms.values, -np.inf)
            largest = int(finite.argmax())
            words.append(
                f"The {side}'s gradient norm: {number_text(float(np.median(end)))} over the last tenth (median), "
                f"at most {number_text(float(finite[largest]))}, at step {norms.steps[largest]:,.0f}."
            )
    return words


def tally(warnings: Iterable[tuple[int, str]]) -> list[str]:
    """The run's own warnings, each once, with where it was given and how often."""
    steps: dict[str, list[int]] = {}
    for step, text in warnings:
        steps.setdefault(text, []).append(step)
    return [
        f"Step {at[0]:,}: {text}" if len(at) == 1 else f"Steps {min(at):,} to {max(at):,}, {len(at):,} times: {text}"
        for text, at in steps.items()
    ]


def _end(series: Series | None) -> np.ndarray:
    """The finite values of the last tenth of a series, at least the last one."""
    if series is None:
        return np.empty(0)
    tail = series.values[-max(1, len(series.values) // 10) :]
    end: np.ndarray = tail[np.isfinite(tail)]
    return end
