"""What a step of each cell costs, in milliseconds of CPU time: measured once, kept, and turned into steps."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import torch

from ganzoo.config import parse_config, resolve
from ganzoo.config.yaml_writer import dump
from ganzoo.engine.build import build
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.registry import Registry
from ganzoo.ui.progress import Reporter

from .cells import Cell
from .results import Costs

UPDATES = (1, 3)
"""Critic updates a step that are measured; the others lie on the line through these."""
ROUNDS, WINDOW, AT_ONCE = 4, 0.15, 11
"""How often each cell is measured, for how many seconds of CPU time, and how many cells take turns."""


def measure(cells: Sequence[Cell]) -> dict[str, list[float]]:
    """Milliseconds of a step of each cell, with each number of ``UPDATES``.

    Of several windows the fastest counts, and the cells take turns: what else runs on the machine makes a window slower, never faster.
    """
    torch.set_num_threads(1)
    best: dict[tuple[str, int], float] = {}
    for first in range(0, len(cells), AT_ONCE):
        loops = {(cell.name, updates): loop_of(cell, updates) for cell in cells[first : first + AT_ONCE] for updates in UPDATES}
        for _ in range(ROUNDS):
            for key, loop in loops.items():
                loop.step()  # the first steps of all take longer, and so does one after another cell's
                steps, started = 0, time.process_time()
                while (taken := time.process_time() - started) < WINDOW or steps < 3:
                    loop.step()
                    steps += 1
                best[key] = min(best.get(key, float("inf")), 1000 * taken / steps)
    return {cell.name: [round(best[cell.name, updates], 3) for updates in UPDATES] for cell in cells}


def loop_of(cell: Cell, updates: int) -> Loop:
    """The training of a cell, after some steps."""
    values = cell.config()
    config = parse_config(dump({**values, "schedule": {**values["schedule"], "critic_updates": updates}}))
    run, _ = build(config, resolve(config, Registry.installed()), Reporter(sys.stderr))
    loop = Loop(run, Meter())
    for _ in range(5):
        loop.step()
    return loop


def steps_of(cell: Cell, updates: int, seconds: float, costs: Costs) -> int:
    """How many steps take so many CPU seconds, in tens; ten at least."""
    one, three = costs.known[cell.name]
    return max(10, round(seconds * 100 / (one + (updates - 1) * (three - one) / 2)) * 10)
