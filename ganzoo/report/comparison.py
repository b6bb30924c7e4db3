"""What several runs have in common and what not: their numbers, ranked only where that means something, and their settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganzoo.errors import UserError
from ganzoo.index import current_name
from ganzoo.rundir.record import Record, Series, as_number, check_run, read_json, read_record

from .changes import changed_keys, read_yaml

UNIMPORTANT = ("seed",)
"""Provenance that may differ between numbers that are ranked: another draw of latents is the same measurement."""


@dataclass(frozen=True)
class ComparedRun:
    """One run as a comparison sees it.

    Args:
        name: short, and different from the others'.
        folder: the run directory.
        record: its story.
        config: as resolved; {} where it cannot be read.
        environment: its ``env.json``.
    """

    name: str
    folder: Path
    record: Record
    config: dict[str, Any]
    environment: dict[str, Any]
    series: dict[str, Series] = field(default_factory=dict)


@dataclass(frozen=True)
class Measured:
    """A number of one run: the value, the step it was measured at, and what it depends on."""

    value: float
    step: int
    provenance: Mapping[str, str]


@dataclass(frozen=True)
class NumberRow:
    """One number of one metric, for all runs.

    Args:
        metric: the metric's name.
        number: the number's name.
        values: of each run, the last one measured; None where there is none.
        better: "lower", "higher", or "" where the metric does not say.
        differences: why the values cannot be ranked, a sentence each; empty where they can.
    """

    metric: str
    number: str
    values: Sequence[Measured | None]
    better: str
    differences: Sequence[str]

    @property
    def ranked(self) -> list[int]:
        """The runs that were measured, best first; empty where they are not to be ranked."""
        known = [(found.value, i) for i, found in enumerate(self.values) if found is not None]
        if self.differences or not self.better or len(known) < 2:
            return []
        return [i for _, i in sorted(known, reverse=self.better == "higher")]

    @property
    def best(self) -> set[int]:
        """The run in front, or several that are level."""
        order = self.ranked
        return {i for i in order if self.values[i].value == self.values[order[0]].value}  # type: ignore[union-attr]

    @property
    def verdict(self) -> str:
        """In words: which way is better, or why there is no order."""
        if sum(found is not None for found in self.values) < 2:
            return "measured of one run only"
        if self.differences:
            return f"not ranked: {'; '.join(self.differences)}"
        return f"{self.better} is better" if self.better else "not ranked: the metric does not say which way is better"


def read_runs(folders: Sequence[Path]) -> list[ComparedRun]:
    """The runs at ``folders``, in that order.

    Raises:
        UserError: where there are fewer than two, one is named twice, or one is no run directory.
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
        runs.append(ComparedRun(name, folder, record, read_yaml(folder, "config.yaml"), read_json(folder, "env.json"), record.series()))
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
    last = [{evaluation.metric: evaluation for evaluation in run.record.evaluations} for run in runs]
    rows = []
    for metric in dict.fromkeys(name for known in last for name in known):
        found = [known.get(metric) for known in last]
        provenance = [_provenance(evaluation.values) if evaluation else None for evaluation in found]
        differences = _differences([run.name for run in runs], provenance)
        component = next((facts["metric"] for facts in provenance if facts and "metric" in facts), "").partition(" ")[0]
        better = directions(component)
        numbers = dict.fromkeys(
            key for evaluation in found if evaluation for key, value in evaluation.values.items() if as_number(value) is not None
        )
        for number in numbers:
            values = [
                Measured(value, evaluation.step, facts)
                if evaluation and facts is not None and (value := as_number(evaluation.values.get(number))) is not None
                else None
                for evaluation, facts in zip(found, provenance, strict=True)
            ]
            rows.append(NumberRow(metric, number, values, better.get(number, ""), differences))
    return rows


def config_differences(runs: Sequence[ComparedRun]) -> dict[str, list[str]]:
    """Keys of the configurations that are not the same everywhere, each with its value in every run."""
    return changed_keys([run.config for run in runs])


def _provenance(values: Mapping[str, Any]) -> dict[str, str]:
    facts = values.get("provenance")
    known = {str(key): str(value) for key, value in facts.items()} if isinstance(facts, dict) else {}
    if "metric" in known:  # its name and version; the name may be that of an older release
        name, space, version = known["metric"].partition(" ")
        known["metric"] = f"{current_name('metric', name)}{space}{version}"
    if "weights" in known:  # averaged or raw; which file it was is another name for another generator
        known["weights"] = known["weights"].partition(" ")[0]
    return known


def _differences(names: Sequence[str], provenance: Sequence[dict[str, str] | None]) -> list[str]:
    """What the numbers do not have in common: ``samples is 5000 for a, 50000 for b``."""
    known = [(name, facts) for name, facts in zip(names, provenance, strict=True) if facts is not None]
    sentences = []
    for key in dict.fromkeys(key for _, facts in known for key in facts if key not in UNIMPORTANT):
        groups: dict[str, list[str]] = {}
        for name, facts in known:
            groups.setdefault(facts.get(key, "not stated"), []).append(name)
        if len(groups) > 1:
            sentences.append(f"{key} is " + ", ".join(f"{value} for {' and '.join(who)}" for value, who in groups.items()))
    return sentences
