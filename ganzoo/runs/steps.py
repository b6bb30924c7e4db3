"""Earlier states of a run: its kept checkpoints, by step or as the best by a metric."""

from __future__ import annotations

from pathlib import Path

from ganzoo.config import RunConfig
from ganzoo.errors import UserError
from ganzoo.registry import Registry
from ganzoo.rundir import checkpoint
from ganzoo.rundir.comparison import best_step
from ganzoo.rundir.files import CHECKPOINTS
from ganzoo.rundir.record import read_record

BEST = "best"


def find_checkpoint(folder: Path, config: RunConfig, registry: Registry, step: str) -> Path:
    """The kept checkpoint that ``step`` means: a number, or ``best``, by the metric of ``checkpoint.best``.

    Raises:
        UserError: where the run does not keep it, or cannot say which is best.
    """
    kept = {checkpoint.step_of(path): path for path in reversed(checkpoint.existing(folder / CHECKPOINTS))}
    steps = ", ".join(map(str, kept)) or "none"
    remedy = f"it keeps those of steps {steps} (checkpoint.keep says how many)"
    if step != BEST:
        number = int(step) if step.isascii() and step.isdecimal() and len(step) < 16 else None
        if number is None:
            raise UserError(f"'{step}' is not a step", f"write a number, or {BEST}; {remedy}", key="--step")
        if number not in kept:
            raise UserError(f"{folder} keeps no checkpoint of step {step}", remedy, key="--step")
        return kept[number]
    best = config.checkpoint.best
    if best is None:
        what = f"{folder} has no metric to choose its best checkpoint by"
        raise UserError(what, f"train with checkpoint.best={{metric: NAME}}, or name a step: {remedy}", key="--step")
    better = registry.find("metric", best.metric).load().better
    chosen = best_step(read_record(folder).evaluations, best.metric, better, kept)
    if chosen is None:
        raise UserError(f"'{best.metric}' was measured at no checkpoint that {folder} keeps", f"name a step: {remedy}", key="--step")
    return kept[chosen]
