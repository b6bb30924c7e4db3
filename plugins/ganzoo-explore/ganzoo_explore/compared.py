"""The runs of a comparison, read from their folders, and their numbers side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ganzoo_report.comparison import ComparedRun, Measured, NumberRow
from ganzoo_report.series import series_of

from ganzoo.errors import UserError
from ganzoo.rundir import Evaluation, check_run, read_json, read_record, read_yaml, why_not_comparable
from ganzoo.rundir.files import CONFIG, ENVIRONMENT


def read_runs(folders: Sequence[Path]) -> list[ComparedRun]:
    """The runs at ``folders``, in that order.

    Raises:
        UserError: where there are fewer than two, one is named twice, or one is not a run directory.
    """
    if len(folders) < 2:
        raise UserError("a comparison needs two runs", "name another run directory", key="RUN")
    places = [folder.resolve() for folder in folders]
    for i, folder in enumerate(folders):
        check_run(folder)
        if places[i] in places[:i]:
            raise UserError(f"{folder} is named twice", "name each run once", key="RUN")
    runs = []
    for name, folder in zip(distinct_names(places), folders, strict=True):
        record = read_record(folder)
        runs.append(ComparedRun(name, folder, record, read_yaml(folder, CONFIG), read_json(folder, ENVIRONMENT), series_of(record)))
    return runs


def distinct_names(places: Sequence[Path]) -> list[str]:
    """The folders' own names, with as many parents before them as it takes to tell all apart."""
    for parts in range(1, max(len(place.parts) for place in places) + 1):
        names = ["/".join(place.parts[-parts:]) for place in places]
        if len(set(names)) == len(names):
            break
    return names


def number_rows(runs: Sequence[ComparedRun], directions: Callable[[str], Mapping[str, str]]) -> list[NumberRow]:
    """Every number that a metric gave for any of the runs.

    Args:
        runs: what was measured.
        directions: of a metric's qualified name, number -> "lower" or "higher".
    """
    last = {run.name: {evaluation.metric: evaluation for evaluation in run.record.evaluations} for run in runs}
    rows = []
    for metric in dict.fromkeys(name for known in last.values() for name in known):
        found = {name: known.get(metric) for name, known in last.items()}
        measured = [evaluation for evaluation in found.values() if evaluation is not None]
        differences = why_not_comparable(found)
        component = next((each.facts["metric"] for each in measured if "metric" in each.facts), "").partition(" ")[0]
        better = directions(component)
        for number in dict.fromkeys(key for each in measured for key in each.numbers):
            values = [
                Measured(each.numbers[number], each.step, _without_step(each)) if each is not None and number in each.numbers else None
                for each in found.values()
            ]
            rows.append(NumberRow(metric, number, values, better.get(number, ""), differences))
    return rows


def _without_step(found: Evaluation) -> dict[str, str]:
    return {key: value for key, value in found.facts.items() if key != "step"}
