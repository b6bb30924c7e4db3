"""The record of a run: the lines of ``metrics.jsonl``, settled where a resumed run went back.

A run directory may have been killed mid-line, be unfinished, or come from somebody else: nothing in it is trusted, and
what cannot be read is left out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganzoo.plugins.index import current_name

from .files import file_in
from .lines import EVAL, RECORD, as_number, parse_line

OUTCOMES = ("finished", "stopped", "failed")
"""The events that end a session."""
NOT_VALUES = ("event", "step", "seconds")
"""What a "log" line holds beside the values that were logged."""


@dataclass(frozen=True)
class Evaluation:
    """One metric at one step.

    Args:
        step: steps that the weights were trained for.
        metric: its name.
        values: its numbers, and "provenance" with what they depend on.
        by_run: whether the run measured it, and not 'ganzoo eval' afterwards.
    """

    step: int
    metric: str
    values: dict[str, Any]
    by_run: bool = True

    @property
    def facts(self) -> dict[str, str]:
        """What the numbers depend on, the step included."""
        provenance = self.values.get("provenance")
        known = {str(key): str(value) for key, value in provenance.items()} if isinstance(provenance, dict) else {}
        if "weights" in known:  # averaged or raw; which file it was is another name for another generator
            known["weights"] = known["weights"].partition(" ")[0]
        if known.get("network", "").startswith("judge "):  # what the first version called the digit classifier
            known["network"] = known["network"].replace("judge", "digits", 1)
        if "metric" in known:  # its name and version; the name may be that of an older release
            name, space, version = known["metric"].partition(" ")
            known["metric"] = f"{current_name('metric', name)}{space}{version}"
        return known | {"step": str(self.step)}

    @property
    def numbers(self) -> dict[str, float]:
        """The numbers alone, the one that the metric is known for first."""
        return {str(key): number for key, value in self.values.items() if (number := as_number(value)) is not None}


@dataclass(frozen=True)
class Start:
    """One start of the run: its first, or one that resumed it.

    Args:
        step: steps done by then.
        time: when, ISO 8601; "" where it is not known.
        command: what the user typed.
        environment: "runtime", "versions", "platform" and what else ``env.json`` says of a start.
        changed: what is not as it was at the start before, a sentence each.
    """

    step: int
    time: str
    command: str
    environment: Mapping[str, Any]
    changed: Sequence[str]


@dataclass
class Record:
    """The story that ``metrics.jsonl`` tells, with repeated steps settled: what was written later holds.

    Args:
        starts: every start, in order.
        outcome: one of ``OUTCOMES``; "" where no end was recorded since the last start.
        text: what the outcome says of itself.
        last_step: the last step that anything is known of.
        seconds: time spent training, over all sessions.
        logs: step -> key -> value.
        sample_steps: steps whose sample grid belongs to this story.
        checkpoint_steps: steps whose checkpoint was written, with the weights.
        warnings: (step, text), in order.
        evaluations: by step, then metric; of several that depend on the same, the last.
        failed_metrics: (step, metric) that was tried and has no number.
    """

    starts: list[Start] = field(default_factory=list)
    outcome: str = ""
    text: str = ""
    last_step: int = 0
    seconds: float = 0.0
    logs: dict[int, dict[str, float]] = field(default_factory=dict)
    sample_steps: set[int] = field(default_factory=set)
    checkpoint_steps: set[int] = field(default_factory=set)
    warnings: list[tuple[int, str]] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    failed_metrics: set[tuple[int, str]] = field(default_factory=set)

    @property
    def started(self) -> str:
        """When the run was first started, ISO 8601; "" where it is not known."""
        return next((start.time for start in self.starts if start.time), "")

    @property
    def changes(self) -> list[tuple[int, str]]:
        """(step, sentence) for all that a resumed run did not have as it had before: it is a mixed run where there are any."""
        return [(start.step, text) for start in self.starts for text in start.changed]


def read_record(directory: Path) -> Record:
    """Read ``metrics.jsonl``; an empty record where there is none."""
    record, evaluations = Record(), {}
    session = 0.0  # each counts its seconds from its own start
    for event in read_events(directory):
        kind, step = event["event"], _step(event)
        if kind == "started":
            record.starts.append(_start(event, step or 0))
            record.outcome = record.text = ""
            record.last_step = step or 0  # what was known of later steps was left behind
            record.seconds, session = record.seconds + session, 0.0
        elif kind in OUTCOMES:
            record.outcome, record.text = kind, str(event.get("text", ""))
        elif kind == "log" and step is not None:
            record.logs[step] = logged_values(event)
            seconds = as_number(event.get("seconds"))
            session = seconds if seconds is not None and math.isfinite(seconds) else session
        elif kind == "samples" and step is not None:
            record.sample_steps.add(step)
        elif kind == "checkpoint" and step is not None:
            record.checkpoint_steps.add(step)
        elif kind == "warning":
            record.warnings.append((step or 0, str(event.get("text", ""))))
            if isinstance(event.get("metric"), str):
                record.failed_metrics.add((step or 0, event["metric"]))
        elif kind == "evaluated" and isinstance(event.get("values"), dict):
            found = Evaluation(step or 0, str(event.get("metric", "")), event["values"], event.get("by") != EVAL)
            evaluations[found.step, found.metric, found.by_run, json.dumps(found.facts, sort_keys=True)] = found
        if event.get("by") != EVAL:  # whose weights may be others
            record.last_step = max(record.last_step, step or 0)
    record.evaluations = sorted(evaluations.values(), key=lambda found: (found.step, found.metric))
    record.seconds += session
    return record


def read_events(directory: Path) -> list[dict[str, Any]]:
    """The lines of ``metrics.jsonl`` that hold, in order: each has an "event", and a "step" where it concerns one."""
    return _settled(_events(directory))


def logged_values(event: Mapping[str, Any]) -> dict[str, float]:
    """What a "log" line says, as numbers."""
    return {key: value for key in event if key not in NOT_VALUES and (value := as_number(event[key])) is not None}


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
    """Without the steps that a later session went back behind: it continued from an older checkpoint."""
    kept: list[dict[str, Any]] = []
    began = False
    for event in events:
        began = began or event["event"] == "started"
        step = _step(event)
        if began and step is not None:
            began = False
            kept = [earlier for earlier in kept if earlier["event"] == "started" or (_step(earlier) or 0) <= step]
        kept.append(event)
    return kept


def _start(event: Mapping[str, Any], step: int) -> Start:
    environment = event.get("environment")
    environment = environment if isinstance(environment, dict) else {}
    changed = event.get("changed")
    texts = [str(text) for text in changed] if isinstance(changed, list) else []
    return Start(step, str(event.get("time", "")), str(environment.get("command", "")), environment, texts)


def _step(event: Mapping[str, Any]) -> int | None:
    step = event.get("step")
    return step if isinstance(step, int) and not isinstance(step, bool) and 0 <= step < 2**53 else None
