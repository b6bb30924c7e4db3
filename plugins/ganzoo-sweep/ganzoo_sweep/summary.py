"""The summary of a sweep: a row for each trial, a line for each setting with its mean over seeds, and the best."""

from __future__ import annotations

import csv
import io
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.config.yaml_writer import flow
from ganzoo.files import write_atomically
from ganzoo.rundir.comparison import why_not_comparable
from ganzoo.rundir.record import Evaluation, Record

from .process import Result
from .settings import Best
from .trials import Trial, short_keys

STATES = ("finished", "failed", "stopped", "waiting")


@dataclass(frozen=True)
class Row:
    """One trial with what came of it; ``values`` are its numbers at the end, by name."""

    trial: Trial
    result: Result
    values: Mapping[str, float]


@dataclass(frozen=True)
class Setting:
    """One setting over its seeds.

    Args:
        setting: dotted key to value.
        rows: its trials.
        value: mean over its seeds of what trials are compared by; None until all of them are finished.
        deviation: standard deviation over seeds (n - 1); None for fewer than two.
    """

    setting: Mapping[str, Any]
    rows: Sequence[Row]
    value: float | None
    deviation: float | None

    @property
    def states(self) -> str:
        """``2 finished, 1 failed``."""
        counts = {state: sum(row.result.state == state for row in self.rows) for state in STATES}
        return ", ".join(f"{count} {state}" for state, count in counts.items() if count)

    @property
    def text(self) -> str:
        """``lr=1.0e-4, width=8``."""
        names = short_keys(list(self.setting))
        return ", ".join(f"{name}={flow(value)}" for name, value in zip(names, self.setting.values(), strict=True)) or "as configured"


class Summary:
    """The results of a sweep.

    Args:
        trials: all of them.
        results: one each.
        best: what they are compared by.
    """

    def __init__(self, trials: Sequence[Trial], results: Sequence[Result], best: Best | None) -> None:
        self.rows = [Row(trial, result, end_values(result.record)) for trial, result in zip(trials, results, strict=True)]
        self.compared_by = best
        grouped: dict[str, list[Row]] = {}
        for row in self.rows:
            grouped.setdefault(flow(row.trial.setting), []).append(row)
        self.settings = [self._setting(rows) for rows in grouped.values()]
        self.not_ranked = self._differences(self.rows)
        """Why the trials cannot be ranked, a sentence each; empty where they can."""

    @property
    def mixed(self) -> dict[str, str]:
        """The trials that went on otherwise than they were begun (other data, versions, processes), each with what changed but steps."""
        told = {row.trial.name: [text for _, text in row.result.record.changes] for row in self.rows}
        changed = {name: "; ".join(text for text in texts if not text.startswith("train.steps:")) for name, texts in told.items()}
        return {name: text for name, text in changed.items() if text}

    @property
    def best(self) -> Setting | None:
        """The setting with the best mean, of those whose seeds are all finished."""
        ranked = [setting for setting in self.settings if setting.value is not None]
        if not ranked or self.compared_by is None or self.not_ranked:
            return None
        choose = min if self.compared_by.goal == "min" else max
        return choose(ranked, key=lambda setting: setting.value or 0.0)

    def count(self, state: str) -> int:
        """How many trials are in a state."""
        return sum(row.result.state == state for row in self.rows)

    def _setting(self, rows: list[Row]) -> Setting:
        found = [self._value(row) for row in rows]
        values = [value for value in found if value is not None]
        complete = len(values) == len(rows) and not self._differences(rows)
        deviation = statistics.stdev(values) if complete and len(values) > 1 else None
        return Setting(rows[0].trial.setting, rows, statistics.fmean(values) if complete and values else None, deviation)

    def _differences(self, rows: Sequence[Row]) -> list[str]:
        """Why the values that trials are compared by cannot be ranked."""
        measured = {row.trial.name: self._measured(row) for row in rows if self._value(row) is not None}
        return why_not_comparable(measured)

    def _measured(self, row: Row) -> Evaluation:
        """The evaluation that gave the value; a logged value depends on the step and the data, a rate on the machine."""
        record, (name, _, _) = row.result.record, (self.compared_by.value if self.compared_by else "").partition("/")
        if found := [each for each in at_the_end(record) if each.metric == name]:
            return found[0]
        known = [start.environment for start in record.starts]
        data = [each["data"].get("hash", "") for each in known if isinstance(each.get("data"), dict)]
        facts = {"data_hash": ", ".join(dict.fromkeys(data))} if any(data) else {}
        runtime = known[-1].get("runtime") if known and name == "images_per_second" else None
        return Evaluation(record.last_step, name, {"provenance": facts | (runtime if isinstance(runtime, dict) else {})})

    def _value(self, row: Row) -> float | None:
        """What the trial is compared by; a metric means the number that it is known for."""
        if self.compared_by is None or row.result.state != "finished":
            return None
        name = self.compared_by.value
        headline = next((key for key in row.values if key.startswith(f"{name}/")), name)
        value = row.values.get(name, row.values.get(headline))
        return value if value is not None and math.isfinite(value) else None

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Head and cells: the varied keys, the states, and the value with its deviation; the best is marked."""
        keys = list(self.settings[0].setting) if self.settings else []
        compared = [f"{self.compared_by.value} ({self.compared_by.goal})"] if self.compared_by else []
        rows = []
        for setting in self.settings:
            cells = [flow(value) for value in setting.setting.values()] + [setting.states]
            if self.compared_by:
                mark = "  best" if self.best and setting.value == self.best.value else ""
                cells.append(f"{mean_text(setting)}{mark}")
            rows.append(cells)
        return [*short_keys(keys), "trials", *compared], rows

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        best = self.best
        return {
            "best": best and {"setting": dict(best.setting), "value": best.value, "deviation": best.deviation},
            "not_ranked": self.not_ranked,
            "changed_on_resuming": self.mixed,
            "settings": [
                {"setting": dict(s.setting), "value": s.value, "deviation": s.deviation, "states": s.states} for s in self.settings
            ],
            "trials": [
                {
                    "name": row.trial.name,
                    "setting": dict(row.trial.setting),
                    "seed": row.trial.seed,
                    "state": row.result.state,
                    "reason": row.result.reason,
                    "step": row.result.record.last_step,
                    "seconds": round(row.result.record.seconds, 3),
                    "values": {name: value for name, value in row.values.items() if math.isfinite(value)},
                }
                for row in self.rows
            ],
        }

    def csv(self) -> str:
        """A line for each trial."""
        names = list(dict.fromkeys(name for row in self.rows for name in row.values))
        keys = list(dict.fromkeys(key for row in self.rows for key in row.trial.setting))
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(["trial", "state", "reason", "step", "seconds", "train.seed", *keys, *names])
        for row in self.rows:
            result, setting = row.result, row.trial.setting
            head = [row.trial.name, result.state, result.reason, result.record.last_step, round(result.record.seconds, 3)]
            seed = "" if row.trial.seed is None else row.trial.seed
            writer.writerow([*head, seed, *(flow(setting[key]) for key in keys), *(row.values.get(name, "") for name in names)])
        return buffer.getvalue()

    def markdown(self) -> str:
        """The table, the best, and what failed."""
        head, rows = self.table()
        lines = [head, ["---"] * len(head), *rows]
        text = "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
        if self.best and self.compared_by:
            text += f"\nBest {self.compared_by.value}: {mean_text(self.best)}, with {self.best.text}.\n"
        text += f"\nNot ranked: {'; '.join(self.not_ranked)}.\n" if self.not_ranked else ""
        text += "".join(f"\n- `{name}` changed on resuming: {changes}\n" for name, changes in self.mixed.items())
        failed = [row for row in self.rows if row.result.state == "failed"]
        text += "".join(f"\n- `{row.trial.name}` failed: {row.result.reason}" for row in failed) + ("\n" if failed else "")
        return text

    def write(self, folder: Path) -> None:
        """Write ``summary.csv`` and ``summary.md``."""
        write_atomically(folder / "summary.csv", self.csv().encode())
        write_atomically(folder / "summary.md", self.markdown().encode())


def mean_text(setting: Setting) -> str:
    """``12.3 +- 0.4 (3 seeds)``; a dash where it is not known."""
    if setting.value is None:
        return "-"
    spread = f" ± {setting.deviation:.2g} ({len(setting.rows)} seeds)" if setting.deviation is not None else ""
    return f"{setting.value:.5g}{spread}"


def at_the_end(record: Record) -> list[Evaluation]:
    """What the run itself measured after its last step: an earlier number, or one of 'ganzoo eval', is another measurement."""
    return [found for found in record.evaluations if found.by_run and found.step == record.last_step]


def end_values(record: Record) -> dict[str, float]:
    """Every number at the end: metrics as ``METRIC/NUMBER``, each metric's own order kept, then what was logged last."""
    values = {f"{found.metric}/{name}": number for found in at_the_end(record) for name, number in found.numbers.items()}
    last = record.logs[max(record.logs)] if record.logs else {}
    return values | {name: value for name, value in last.items() if name != "seconds"}
