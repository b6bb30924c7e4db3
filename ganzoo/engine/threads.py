"""How many threads take a run's steps: torch's number, or one where other processes want the cores and one is faster."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Callable
from math import inf
from statistics import median

import torch

from ganzoo.errors import DivergenceError

from .loop import Loop
from .meter import Meter
from .run import Run

SECONDS, LONG, FASTER = 0.4, 2.0, 0.9
"""How long steps are taken with either number, after a first one; which is long; the share of the other's time that lets one be chosen."""


def choose_threads(run: Run, wanted: Callable[[], bool]) -> str:
    """Let one thread take a run's steps where others have ``wanted`` the cores and it is faster: more would wait for each other.

    Nothing is tried where the user chose the number. Returns what to say of the choice; "" where torch's number stays.
    """
    number, train = torch.get_num_threads(), run.config.train
    chosen = train.threads or "OMP_NUM_THREADS" in os.environ or run.runtime.device.type != "cpu" or run.ranks.size > 1
    if chosen or number == 1 or not wanted():
        return ""
    several = seconds_of_a_step(run, number)
    one = seconds_of_a_step(run, 1) if several < LONG else inf  # long steps have work for all
    if one < FASTER * several:
        taken = f"{one * 1e3:.3g} ms a step, {number} threads take {several * 1e3:.3g}"
        return f"other processes want the cores, so one thread computes: {taken} (train.threads: {number} keeps them)"
    torch.set_num_threads(number)
    return ""


def seconds_of_a_step(run: Run, threads: int) -> float:
    """What a step takes with so many threads, the median of a run's own first ones, which are taken back bit for bit."""
    torch.set_num_threads(threads)
    begun, loop, seconds = copy.deepcopy(run.state()), Loop(run, Meter()), list[float]()
    try:
        while sum(seconds[1:]) < SECONDS and sum(seconds) < LONG and run.step < run.config.train.steps:
            started = time.perf_counter()
            loop.step()
            seconds.append(time.perf_counter() - started)
    except DivergenceError:  # the training itself will say so
        return inf
    finally:
        run.restore(begun)
    return median(seconds[1:] or seconds)
