"""Comparability of numbers: which of a run, or of several, can be ranked or joined in a line; the best of a run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from ganzoo.config import RunConfig
from ganzoo.errors import UserError
from ganzoo.registry import Registry

from . import checkpoint
from .files import CHECKPOINTS
from .record import Evaluation, read_record

UNIMPORTANT = ("seed",)
"""Provenance that may differ between numbers that are ranked: another draw of latents is the same measurement."""
BEST = "best"


def why_not_comparable(measured: Mapping[str, Evaluation | None], ignoring: Collection[str] = UNIMPORTANT) -> list[str]:
    """Why the numbers of one metric cannot be ranked: ``samples is 5000 for a, 50000 for b``; [] where they can.

    Args:
        measured: a name for each to what was measured; None where nothing was.
        ignoring: facts that may differ.
    """
    known = {name: found.facts for name, found in measured.items() if found is not None}
    sentences = []
    for key in dict.fromkeys(key for facts in known.values() for key in facts if key not in ignoring):
        groups: dict[str, list[str]] = {}
        for name, facts in known.items():
            groups.setdefault(facts.get(key, "not stated"), []).append(name)
        if len(groups) > 1:
            sentences.append(f"{key} is " + ", ".join(f"{value} for {_together(who)}" for value, who in groups.items()))
    return sentences


def curves(evaluations: Iterable[Evaluation]) -> list[list[Evaluation]]:
    """The evaluations of one metric over a run, by step, apart where they cannot be joined in one line."""
    lines: list[list[Evaluation]] = []
    for found in evaluations:
        for line in lines:
            if not why_not_comparable({"a": line[0], "b": found}, (*UNIMPORTANT, "step")):
                line.append(found)
                break
        else:
            lines.append([found])
    return lines


def best_step(evaluations: Iterable[Evaluation], metric: str, better: Mapping[str, str], steps: Collection[int]) -> int | None:
    """Which of ``steps`` a run's metric found best, of two equals the later; None where it was measured at none of them.

    Only what is alike in all but the step is ranked: those that are alike to the last one measured.

    Args:
        evaluations: by step.
        metric: its name.
        better: number -> "lower" or "higher"; the first that is there decides.
        steps: those to choose from.
    """
    lines = curves(found for found in evaluations if found.metric == metric and found.by_run and found.step in steps)
    alike = max(lines, key=lambda line: line[-1].step, default=[])
    number = next((name for name in (alike[-1].numbers if alike else ()) if better.get(name)), None)
    if number is None:
        return None
    sign = 1 if better[number] == "higher" else -1
    return max((sign * found.numbers[number], found.step) for found in alike if number in found.numbers)[1]


def find_checkpoint(folder: Path, config: RunConfig, registry: Registry, step: str) -> Path:
    """The kept checkpoint that ``step`` means: a number, or ``best``, by the metric of ``checkpoint.best``.

    Raises:
        UserError: where the run does not keep it, or cannot say which is best.
    """
    kept = {checkpoint.step_of(path): path for path in reversed(checkpoint.existing(folder / CHECKPOINTS))}
    steps = ", ".join(map(str, kept))
    remedy = f"it keeps those of steps {steps} (checkpoint.keep says how many)" if kept else "it keeps the last weights alone"
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


def _together(names: Sequence[str]) -> str:
    return " and ".join(names) if len(names) <= 3 else f"{names[0]}, {names[1]} and {len(names) - 2} more"
