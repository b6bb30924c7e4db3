"""What a kill or a signal kept from being written at the step of the last checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ganzoo.config import RunConfig
from ganzoo.rundir.files import sample_file
from ganzoo.rundir.record import Record

GRID, SAVED, END = "the sample grid", "the checkpoint", "the last line"
"""What a session can owe besides metrics."""


def find_owed(step: int, config: RunConfig, metrics: Sequence[str], record: Record, directory: Path) -> list[str]:
    """What is due after ``step`` and not in the record; of a run that ended as finished, nothing.

    Args:
        step: steps done.
        config: when grids are due, and the last step.
        metrics: those that are due.
        record: what the run wrote so far.
        directory: the run directory.
    """
    last = step >= config.train.steps
    if last and record.outcome == "finished":
        return []
    owed = [] if step in record.checkpoint_steps else [SAVED]  # weights and line follow the file
    if step and (last or step % config.sample.every == 0):
        drawn = step in record.sample_steps and (directory / sample_file(step)).is_file()
        owed += [] if drawn else [GRID]
    tried = {found.metric for found in record.evaluations if found.step == step and found.by_run}
    tried |= {metric for at, metric in record.failed_metrics if at == step}
    owed += [name for name in metrics if step and name not in tried]
    return [*owed, END] if last else owed
