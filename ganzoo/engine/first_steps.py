"""The first steps of a run in memory: nothing is written, and what would fail at once fails here."""

from __future__ import annotations

from .loop import Loop
from .meter import Meter
from .run import Run


def rehearse(run: Run, steps: int = 1) -> dict[str, float]:
    """Take the next steps of ``run``; returns what they would log.

    Raises:
        DivergenceError: where a loss or a gradient is not finite.
    """
    meter = Meter()
    loop = Loop(run, meter)
    for _ in range(steps):
        loop.step()
    loop.check()  # on a GPU the steps themselves do not look
    return meter.read()
