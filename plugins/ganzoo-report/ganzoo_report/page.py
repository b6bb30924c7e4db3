"""Puts the report together: one HTML file that needs no network, made only from files of the run directory."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo import UserError
from ganzoo.rundir import (
    RUN_FILES,
    Evaluation,
    Record,
    as_number,
    check_run,
    curves,
    file_in,
    is_folder,
    read_json,
    read_record,
    read_text,
    read_yaml,
    write_atomically,
)

from .changes import changes_from_recipe, component_names, flat
from .charts import Chart, make_charts
from .classes import class_facts
from .exports import exports
from .health import sentences, tally
from .html import render_page
from .moving import scheduled
from .numbers import duration_text, number_text
from .pictures import load_pictures, sample_files
from .series import Series, series_of

NOT_TERMS = ("seconds", "images_per_second")
"""Logged values that are of neither side."""


def write_report(run_directory: Path) -> Path:
    """Write ``report.html`` into a run directory, whatever state the run is in.

    Args:
        run_directory: finished, still running, killed, or empty.

    Returns:
        The file written.

    Raises:
        UserError: where there is no such folder, or it holds other things than a run.
        GanzooError: where the disk refuses.
    """
    directory = Path(run_directory)
    if not is_folder(directory):
        check_run(directory)
    if any(directory.iterdir()) and not any((directory / name).exists() for name in RUN_FILES):
        raise UserError(
            f"{directory} holds no run: it has none of {', '.join(RUN_FILES)}", "name a run directory, which 'ganzoo run' makes"
        )
    path = directory / "report.html"
    write_atomically(path, render(directory).encode("utf-8", "replace"))
    return path


def render(directory: Path) -> str:
    """The report as HTML. Everything that comes from the run is escaped."""
    return render_page("report.html.j2", **_content(directory))


def _content(directory: Path) -> dict[str, Any]:
    """Everything the template names."""
    record = read_record(directory)
    series = series_of(record)
    config, recipe = read_yaml(directory, "config.yaml"), read_yaml(directory, "recipe.yaml")
    facts = read_json(directory, "env.json")
    commands = [start.command for start in record.starts if start.command] or [str(facts.get("command", ""))]
    return {
        "title": directory.resolve().name,
        "parts": [(key, names) for key in ("data", "generator", "critic", "loss") if (names := component_names(config, key))],
        "outcome": _outcome(record),
        "facts": _facts(record, series, config, facts),
        "pictures": load_pictures(sample_files(directory, record.sample_steps)),
        "curves": _curves(record, series),
        "health": {"sentences": sentences(series), "warnings": tally(record.warnings), "charts": _health_charts(series)},
        "scheduled": [chart for moving in scheduled(config) for chart in make_charts(moving.name, [moving])],
        "series": [_numbers(s) for s in series.values()],
        "evaluations": _evaluations(record.evaluations),
        "config": read_text(directory, "config.yaml"),
        "has_recipe": bool(recipe),
        "changes": changes_from_recipe(recipe, config, commands),
        "environment": [(key, value) for key, value in flat({**facts, "classes": None}) if key not in ("", "command", "classes")],
        "commands": list(dict.fromkeys(filter(None, commands))),
        "starts": _starts(record) if len(record.starts) > 1 else [],
        "mixed": [f"Step {step:,}: {text}" for step, text in record.changes],
        "files": _files(directory, max(record.checkpoint_steps, default=0)),
    }


def _starts(record: Record) -> list[tuple[str, ...]]:
    """Each start: its step, its time, where it ran, what was not as before."""
    rows: list[tuple[str, ...]] = []
    for start in record.starts:
        where = [f"{key} {value}" for key, value in flat(start.environment.get("runtime")) if key in ("device", "processes")]
        rows.append((f"{start.step:,}", _time_text(start.time), ", ".join(where), "; ".join(start.changed)))
    return rows


@dataclass(frozen=True)
class Outcome:
    """How the run ended: a word for the style sheet, a sentence, and what the run itself said."""

    state: str
    sentence: str
    text: str


def _outcome(record: Record) -> Outcome:
    step = f"{record.last_step:,}"
    if record.outcome:
        return Outcome(record.outcome, f"{record.outcome.capitalize()} at step {step}", record.text)
    if record.logs or record.started:
        return Outcome("open", f"No end recorded; last heard of at step {step}", "The run is going on, or it was killed.")
    return Outcome("open", "Nothing recorded yet", "")


def _facts(
    record: Record, series: Mapping[str, Series], config: Mapping[str, Any], environment: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """The few numbers that come first."""
    known = dict(flat({"train": config.get("train"), "runtime": environment.get("runtime")}))
    total = as_number(config["train"].get("steps")) if isinstance(config.get("train"), dict) else None
    facts = [("Steps", f"{record.last_step:,}" + (f" of {total:,.0f}" if total else ""))]
    if record.seconds:
        facts.append(("Time training", duration_text(record.seconds)))
    if rates := _finite(series.get("images_per_second")):
        facts.append(("Samples a second", number_text(float(np.median(rates)))))
    for evaluation in {e.metric: e for e in record.evaluations}.values():
        results, _ = _results(evaluation)
        facts += [(f"{name} at step {evaluation.step:,}", value) for name, value in results[:1]]
    facts += class_facts(environment.get("classes"))
    facts += [(word, known[key]) for word, key in (("Device", "runtime.device"), ("Seed", "train.seed")) if key in known]
    if record.started:
        facts.append(("Started", _time_text(record.started)))
    return facts


def _curves(record: Record, series: Mapping[str, Series]) -> list[Chart]:
    """Terms of both sides, estimates, metrics, the rate of images."""

    def of(side: str, wanted: Callable[[str], bool]) -> list[Series]:
        return [s for key, s in series.items() if key.startswith(f"{side}/") and wanted(key)]

    def is_term(key: str) -> bool:
        return not (is_estimate(key) or is_health(key))

    charts = make_charts("Critic minimises", of("critic", is_term), "critic/")
    charts += make_charts("Generator minimises", of("generator", is_term), "generator/")
    charts += make_charts("Estimates", of("critic", is_estimate) + of("generator", is_estimate))
    for metric, measured in _measured(record).items():
        for one in measured:  # a chart each: their units differ
            charts += make_charts(metric if one.name == metric else f"{metric}: {one.name}", [one], from_zero=True)
    charts += make_charts("Samples a second", [s for key, s in series.items() if key == "images_per_second"], from_zero=True)
    rest = [s for key, s in series.items() if not key.startswith(("critic/", "generator/")) and key not in NOT_TERMS]
    return charts + make_charts("Other values", rest)


def _health_charts(series: Mapping[str, Series]) -> list[Chart]:
    scores = [s for key, s in series.items() if is_health(key) and key.startswith("critic/") and "norm" not in key]
    norms = [s for key, s in series.items() if is_health(key) and "norm" in key]
    return make_charts("Critic's mean score, raw", scores, "critic/") + make_charts("Gradient norm", norms)


def is_estimate(key: str) -> bool:
    """Whether nobody minimises this value: it is logged to be looked at."""
    return key.endswith(("estimate", "accuracy"))


def is_health(key: str) -> bool:
    """Whether this value shows the state of the game rather than what is minimised."""
    return key.endswith(("gradient_norm", "real_score", "fake_score"))


def _measured(record: Record) -> dict[str, list[Series]]:
    """Metrics evaluated more than once, as series: a line joins only numbers that depend on the same."""
    found: dict[str, list[Series]] = {}
    for metric in dict.fromkeys(evaluation.metric for evaluation in record.evaluations):
        for line in curves(e for e in record.evaluations if e.metric == metric):
            for name in dict.fromkeys(key for evaluation in line for key in evaluation.numbers):
                points = [(e.step, e.numbers[name]) for e in line if name in e.numbers]
                if len(points) > 1:
                    steps, values = zip(*points, strict=True)
                    found.setdefault(metric, []).append(Series(name, np.array(steps), np.array(values)))
    return found


def _results(evaluation: Evaluation) -> tuple[list[tuple[str, str]], dict[str, float]]:
    """An evaluation's numbers, as texts and as they are; the rest is provenance."""
    return [(name, number_text(value)) for name, value in evaluation.numbers.items()], evaluation.numbers


def _evaluations(evaluations: Sequence[Evaluation]) -> dict[str, list[dict[str, Any]]]:
    """The last of each metric, and all by metric and step; provenance that is the same as in the row above is not repeated."""
    ordered = [_evaluation(e) for e in sorted(evaluations, key=lambda e: e.metric)]  # a stable sort: steps stay in order
    last = list({row["metric"]: row for row in ordered}.values())
    same = ("metric", "provenance")
    repeats = [i > 0 and all(ordered[i - 1][key] == row[key] for key in same) for i, row in enumerate(ordered)]
    return {
        "last": [row | {"as_above": False} for row in last],
        "all": [row | {"as_above": repeated} for row, repeated in zip(ordered, repeats, strict=True)],
    }


def _evaluation(evaluation: Evaluation) -> dict[str, Any]:
    results, numbers = _results(evaluation)
    provenance = {key: value for key, value in evaluation.values.items() if str(key) not in numbers}
    return {
        "step": f"{evaluation.step:,}",
        "metric": evaluation.metric,
        "results": results,
        "provenance": [(key.removeprefix("provenance."), value) for key, value in flat(provenance) if key],
    }


def _numbers(series: Series) -> tuple[str, ...]:
    """A series in a row of numbers: for readers who see no charts, and for those who want digits."""
    values = _finite(series)
    shown = (values[0], values[-1], min(values), max(values)) if values else (float("nan"),) * 4
    return series.name, *(number_text(value) for value in shown), f"{len(series.values):,}"


def _finite(series: Series | None) -> list[float]:
    return [] if series is None else [float(value) for value in series.values[np.isfinite(series.values)]]


def _files(directory: Path, step: int) -> list[tuple[str, str]]:
    """Weights, exports and logs that a reader may want, each with its size; of exports that are not of ``step``, theirs."""
    names = [f"weights/{path.name}" for path in sorted((directory / "weights").glob("*.safetensors"))]
    exported = exports(directory)
    wanted = (*names, *exported, "metrics.jsonl", "config.yaml", "env.json")
    older = {name: f", of step {of:,}; the weights are of step {step:,}" for name, of in exported.items() if of != step}
    return [(name, _size_text(path.stat().st_size) + older.get(name, "")) for name in wanted if (path := file_in(directory, name))]


def _size_text(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"


def _time_text(iso: str) -> str:
    """An ISO 8601 time in UTC, to the minute; what is none comes back as it is."""
    try:
        return datetime.datetime.fromisoformat(iso).astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError):
        return iso
