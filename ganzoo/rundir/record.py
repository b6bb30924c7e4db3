"""What a run directory tells: the lines of ``metrics.jsonl`` and the files beside it.

A run directory may have been killed mid-line, be unfinished, or come from somebody else: nothing in it is trusted, and
what cannot be read is left out.
"""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.errors import UserError

from .lines import RECORD, parse_line

OUTCOMES = ("finished", "stopped", "failed")
"""The events that end a run."""


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


@dataclass(frozen=True)
class Evaluation:
    """One metric at one step: its numbers with their provenance."""

    step: int
    metric: str
    values: dict[str, Any]


@dataclass
class Record:
    """The story that ``metrics.jsonl`` tells, with repeated steps settled: what was written later holds.

    Args:
        started: when, ISO 8601; "" where it is not known.
        outcome: one of ``OUTCOMES``; "" where no end was recorded.
        text: what the outcome says of itself.
        last_step: the last step that anything is known of.
        seconds: time spent training, over all sittings.
        logs: step -> key -> value.
        sample_steps: steps whose sample grid belongs to this story.
        warnings: (step, text), in order.
        evaluations: by step, then metric.
    """

    started: str = ""
    outcome: str = ""
    text: str = ""
    last_step: int = 0
    seconds: float = 0.0
    logs: dict[int, dict[str, float]] = field(default_factory=dict)
    sample_steps: set[int] = field(default_factory=set)
    warnings: list[tuple[int, str]] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)

    def series(self) -> dict[str, Series]:
        """Key -> its values over the run, in the order in which the keys first appear."""
        points: dict[str, tuple[list[float], list[float]]] = {}
        for step in sorted(self.logs):
            for key, value in self.logs[step].items():
                steps, values = points.setdefault(key, ([], []))
                steps.append(step)
                values.append(value)
        return {key: Series(key, np.array(steps), np.array(values)) for key, (steps, values) in points.items()}


def is_folder(path: Path) -> bool:
    """Whether there is a folder; what may not be looked at is none here, and ``check_run`` says why."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def check_run(directory: Path, made_by: str = "'ganzoo run'") -> None:
    """Refuse what is no run directory.

    Args:
        directory: the folder.
        made_by: the commands that make such folders.

    Raises:
        UserError: naming the nearest folder that is one.
    """
    try:
        if (directory / "config.yaml").is_file():
            return
        what = f"{directory} is no run directory (it has no config.yaml)" if directory.is_dir() else f"there is no folder {directory}"
    except (OSError, ValueError) as error:  # a name that is too long or holds NUL, a folder that may not be entered
        raise UserError(f"the folder {directory} cannot be read: {error}", "check its name and permissions", key="RUN") from None
    near = difflib.get_close_matches(directory.name, (path.parent.name for path in directory.parent.glob("*/config.yaml")), n=1)
    raise UserError(what, f"did you mean '{directory.parent / near[0]}'?" if near else f"name a folder that {made_by} made", key="RUN")


def read_record(directory: Path) -> Record:
    """Read ``metrics.jsonl``; an empty record where there is none."""
    record = Record()
    evaluations: dict[tuple[int, str], Evaluation] = {}
    for event in read_events(directory):
        kind, step = event["event"], _step(event)
        if kind == "started":
            record.started = record.started or str(event.get("time", ""))
            record.outcome = record.text = ""
        elif kind in OUTCOMES:
            record.outcome, record.text = kind, str(event.get("text", ""))
        elif kind == "log" and step is not None:
            record.logs[step] = {
                key: value for key in event if key not in ("event", "step") and (value := as_number(event[key])) is not None
            }
        elif kind == "samples" and step is not None:
            record.sample_steps.add(step)
        elif kind == "warning":
            record.warnings.append((step or 0, str(event.get("text", ""))))
        elif kind == "evaluated" and isinstance(event.get("values"), dict):
            metric = str(event.get("metric", ""))
            evaluations[step or 0, metric] = Evaluation(step or 0, metric, event["values"])
        record.last_step = max(record.last_step, step or 0)
    record.evaluations = [evaluations[key] for key in sorted(evaluations)]
    record.seconds = _total_seconds(record.logs)
    return record


def read_events(directory: Path) -> list[dict[str, Any]]:
    """The lines of ``metrics.jsonl`` that hold, in order: each has an "event", and a "step" where it concerns one."""
    return _settled(_events(directory))


def file_in(directory: Path, name: str) -> Path | None:
    """The file ``name`` of ``directory``; None where there is none, or where a link leads out of the directory."""
    path = directory / name
    try:
        return path if path.is_file() and path.resolve().is_relative_to(directory.resolve()) else None
    except OSError:
        return None


def read_text(directory: Path, name: str, limit: int = 1_000_000) -> str:
    """At most ``limit`` bytes of a text file of the run; "" where it cannot be read."""
    path = file_in(directory, name)
    if path is None:
        return ""
    try:
        with path.open("rb") as file:
            return file.read(limit).decode("utf-8", "replace")
    except OSError:
        return ""


def read_json(directory: Path, name: str) -> dict[str, Any]:
    """A JSON object of the run; {} where it cannot be read."""
    try:
        content = json.loads(read_text(directory, name) or "{}")
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def sample_files(directory: Path, steps: set[int]) -> list[tuple[int, Path]]:
    """The grids ``samples/step-*.png``, by step: those at ``steps``, or all where ``steps`` is empty."""
    found = {}
    for path in (directory / "samples").glob("step-*.png"):
        match = re.fullmatch(r"step-(\d{1,15})\.png", path.name)
        if match and file_in(directory, f"samples/{path.name}") and (not steps or int(match[1]) in steps):
            found[int(match[1])] = path
    return sorted(found.items())


def as_number(value: object) -> float | None:
    """A JSON number, or the words that stand for what JSON cannot say ("nan", "inf"); None for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and value.lower() not in ("nan", "inf", "-inf", "infinity", "-infinity"):
        return None
    try:
        number = float(value)
    except OverflowError:
        return math.inf
    return math.copysign(math.inf, number) if abs(number) >= 1e300 else number  # so that differences stay finite


def _events(directory: Path) -> Iterator[dict[str, Any]]:
    """The lines that are whole: a killed run tears its last."""
    path = file_in(directory, RECORD)
    if path is None:
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            event = parse_line(line)
            if event is not None:
                yield event


def _settled(events: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the steps that a later sitting went back behind: it continued from an older checkpoint."""
    kept: list[dict[str, Any]] = []
    began = False
    for event in events:
        began = began or event["event"] == "started"
        step = _step(event)
        if began and step is not None:
            began = False
            kept = [earlier for earlier in kept if (_step(earlier) or 0) <= step]
        kept.append(event)
    return kept


def _step(event: dict[str, Any]) -> int | None:
    step = event.get("step")
    return step if isinstance(step, int) and not isinstance(step, bool) and 0 <= step < 2**53 else None


def _total_seconds(logs: dict[int, dict[str, float]]) -> float:
    """Sum over sittings: each counts its seconds from its own start."""
    total = before = 0.0
    for step in sorted(logs):
        seconds = logs[step].get("seconds", math.nan)
        if math.isfinite(seconds):
            total += seconds - before if seconds >= before else seconds
            before = seconds
    return total
