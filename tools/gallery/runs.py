"""Finds the finished run of a recipe: the picture that it ended with, and the number that was measured of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quality.benchmarks import BENCHMARKS, CPU_SECONDS
from quality.trainings import ROOT, ganzoo

from ganzoo.config import strict_yaml
from ganzoo.errors import UserError

RECIPES = ROOT / "zoo_configs"
METRICS: Mapping[str, str] = {
    **{recipe: benchmark.metric for recipe, benchmark in BENCHMARKS.items()},
    "quickstart": "classifier_fid",
    "vanilla_mnist": "classifier_fid",
}
"""The recipes that a CPU can do, and what each is measured by."""
HEADLINES: Mapping[str, str] = {"classifier_fid": "classifier_fid", "modes": "high_quality"}
"""A metric's number for the card."""
MISSING: Mapping[str, str] = {
    "celeba": "It wants CelebA, which its authors give out on request, and a GPU.",
    "cifar10": "It wants a GPU.",
    "folder": "It wants pictures of yours, and a GPU.",
    "stacked_mnist": "It wants a GPU.",
    "vanilla_mnist": "Its 200 epochs take an hour of one core.",
}
"""Data set, or recipe, to what keeps it from being shown."""


@dataclass(frozen=True)
class Finished:
    """A run that is finished and measured.

    Args:
        recipe: the name of a file in ``zoo_configs/``.
        seed: ``train.seed``.
        picture: its last sample grid.
        metric: what it was measured by.
        numbers: the metric's.
        provenance: what they depend on.
    """

    recipe: str
    seed: int
    picture: Path
    metric: str
    numbers: Mapping[str, float]
    provenance: Mapping[str, Any]


def find(recipe: str, seed: int, folder: Path) -> Finished | None:
    """The run in ``folder/RECIPE-SEED``, as ``tools/benchmark_quality`` leaves it; None where it is not finished, or of another recipe."""
    run = folder / f"{recipe}-{seed}"
    try:
        # Comments may have changed since.
        if strict_yaml.read(run / "recipe.yaml").value != strict_yaml.read(RECIPES / f"{recipe}.yaml").value:
            return None
        events = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError, UserError):
        return None
    grids = sorted((run / "samples").glob("step-*.png"))
    numbers = _measured(run, METRICS[recipe], events)
    if not numbers or not grids or not any(event["event"] == "finished" for event in events):
        return None
    return Finished(recipe, seed, grids[-1], METRICS[recipe], numbers, numbers.pop("provenance"))


def _measured(run: Path, metric: str, events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The metric's numbers with their provenance: from the run's own record, or the benchmark's beside it; {} where there are none."""
    for event in reversed(events):
        if event["event"] == "evaluated" and event["metric"] == metric:
            return dict(event["values"])
    try:
        record = json.loads(run.with_name(f"{run.name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: value for name, value in record["numbers"].items() if name != CPU_SECONDS} | {"provenance": record["provenance"]}


def train(recipe: str, seed: int, folder: Path, mnist: Path) -> None:
    """Train and measure a recipe on one thread, into ``folder/RECIPE-SEED``.

    Raises:
        GanzooError: where either fails, with the last line that it said.
    """
    run = folder / f"{recipe}-{seed}"
    settings = [f"train.seed={seed}", "train.threads=1", *([f"data.root={mnist}"] if recipe.endswith("_mnist") else [])]
    options = [word for setting in settings for word in ("-o", setting)]
    ganzoo("run", str(RECIPES / f"{recipe}.yaml"), *options, "--out", str(run), "--resume", "--quiet")
    ganzoo("eval", str(run), "--metric", METRICS[recipe], "--quiet")
