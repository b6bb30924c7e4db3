"""Running the trials that are not finished: one after another here, or on a Ray cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ganzoo.engine.signals import Stop
from ganzoo.rundir.lines import RECORD, parse_line
from ganzoo.ui.progress import Reporter, Task

from .process import Job, Result, result_of, run_trial

Executor = Callable[[Sequence[Job], Stop, Callable[[Sequence[Job]], None]], Iterator[tuple[Job, int]]]
"""Runs jobs and gives each with its exit code when it has ended; tells meanwhile which ones are under way."""


def run_all(jobs: Sequence[Job], execute: Executor, stop: Stop, reporter: Reporter, done: Callable[[Result], None]) -> list[Result]:
    """Run every trial that is not finished; one that fails does not keep the others from their turn.

    Args:
        jobs: all trials, in order.
        execute: how they are run.
        stop: set by a signal: the trial under way saves and ends, the rest is left for the next time.
        reporter: shows progress.
        done: called with each result as it comes.

    Returns:
        A result for each job, in order.
    """
    results = {job.name: result_of(job, None) for job in jobs}
    waiting = [job for job in jobs if results[job.name].state != "finished"]
    if len(waiting) < len(jobs):
        reporter.say(f"{len(jobs) - len(waiting)} of {len(jobs)} trials are finished already")
    with reporter.task("sweep", len(jobs), done=len(jobs) - len(waiting), unit="trials") as task:
        for job, code in execute(waiting, stop, lambda under_way: _show(task, under_way)):
            result = results[job.name] = result_of(job, code)
            done(result)
            if result.state == "failed":
                reporter.warn(f"trial {job.name} failed: {result.reason}")
            elif result.state == "finished":
                task.advance()
    return [results[job.name] for job in jobs]


def one_after_another(jobs: Sequence[Job], stop: Stop, show: Callable[[Sequence[Job]], None]) -> Iterator[tuple[Job, int]]:
    """Run jobs on this machine, each in a process of its own."""
    for job in jobs:
        if stop.signal:
            return

        def show_this(job: Job = job) -> None:
            show([job])

        show([job])
        yield job, run_trial(job, lambda: stop.signal, show_this)


def _show(task: Task, jobs: Sequence[Job]) -> None:
    """Say behind the bar which trials are under way, and how far they are."""
    task.show("  ".join(f"{job.name} {last_step(Path(job.folder))}/{job.steps}" for job in jobs))
    task.advance(0)


def last_step(directory: Path) -> int:
    """The step of the last whole line of ``metrics.jsonl``, without reading the rest; 0 where there is none."""
    try:
        with (directory / RECORD).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 8192))
            lines = file.read().splitlines()
    except OSError:
        return 0
    steps = (event.get("step") for line in reversed(lines) if (event := parse_line(line)) is not None)
    return next((step for step in steps if isinstance(step, int)), 0)
