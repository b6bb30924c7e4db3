"""Finds the finished run of a recipe: the picture that it ended with, and the number that was measured of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.quality.benchmarks import BENCHMARKS, CPU_SECONDS
from benchmarks.quality.processes import ganzoo
from benchmarks.quality.trainings import ROOT, values_of

from ganzoo.config import load_config, strict_yaml
from ganzoo.errors import UserError

from .described import described
from .editions import EDITIONS, Sources, data_settings, look_up, settings_of

RECIPES = ROOT / "zoo_configs"
METRICS: Mapping[str, str] = {
    **dict.fromkeys(EDITIONS, "sliced_wasserstein"),
    **{recipe: benchmark.metric for recipe, benchmark in BENCHMARKS.items()},
    "quickstart": "classifier_fid",
    "vanilla_mnist": "classifier_fid",
    "dcgan_stacked_mnist": "stacked_modes",
    "faces_progan": "sliced_wasserstein",
    **{path.stem: "classifier_fid" for path in RECIPES.glob("digits_*.yaml")},
    **{path.stem: "modes" for kind in ("ring", "grid") for path in RECIPES.glob(f"{kind}_*.yaml")},
}
"""Recipe to what it is measured by."""
HEADLINES: Mapping[str, str] = {
    "classifier_fid": "classifier_fid",
    "modes": "high_quality",
    "sliced_wasserstein": "swd",
    "stacked_modes": "modes",
    "inpainting": "l1_share",
    "super_resolution": "gain",
    "changed_digits": "recognised",
}
"""A metric's number for the card, of recipes without a bar."""
SETTINGS: Mapping[str, str] = {
    "sliced_wasserstein": "samples=2000",
    "cyclegan_horse2zebra": "samples=1500",
    **dict.fromkeys(("relative_l1", "as_described", "shape_and_colour", "inpainting", "super_resolution", "changed_digits"), "split=test"),
}
"""A metric, or a recipe, to the metric's setting here: fewer samples, where the usual number would take as long as the training or
there are not as many; what was held out."""

PICTURES: Mapping[str, Callable[[Path], Path]] = {"stackgan_described": described}
"""A recipe to what draws its card of the run, where a sample grid does not tell what was asked for."""


def headline(recipe: str) -> str:
    """The number for a recipe's card: its metric's, or else that of its first bar."""
    return HEADLINES.get(METRICS[recipe]) or BENCHMARKS[recipe].bars[0].number


@dataclass(frozen=True)
class Finished:
    """A run that is finished and measured.

    Args:
        recipe: the name of a file in ``zoo_configs/``.
        seed: ``train.seed``.
        picture: its last sample grid, or what ``PICTURES`` draws.
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
    """The run in ``folder/RECIPE-SEED``, as ``tools/benchmark_quality`` leaves it.

    None where it is not finished, or of another recipe, seed or edition.
    """
    run = folder / f"{recipe}-{seed}"
    try:
        # Comments may have changed since.
        if values_of(run / "recipe.yaml") != values_of(RECIPES / f"{recipe}.yaml"):
            return None
        computed = json.loads((run / "env.json").read_text(encoding="utf-8"))["runtime"]["precision"]
        if load_config(RECIPES / f"{recipe}.yaml").train.precision not in ("auto", computed):
            return None
        ran = strict_yaml.read(run / "config.yaml").value
        if any(look_up(ran, key) != value for key, value in wanted(recipe, seed).items()):
            return None
        events = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError, UserError):
        return None
    grids = sorted((run / "samples").glob("step-*.png"))
    numbers = _measured(run, METRICS[recipe], events)
    if not numbers or not grids or not any(event["event"] == "finished" for event in events):
        return None
    picture = PICTURES[recipe](run) if recipe in PICTURES else grids[-1]
    return Finished(recipe, seed, picture, METRICS[recipe], numbers, numbers.pop("provenance"))


def _measured(run: Path, metric: str, events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The metric's numbers with their provenance: from the run's own record, or the benchmark's beside it; {} where there are none."""
    found = [event for event in reversed(events) if event["event"] == "evaluated" and event["metric"] == metric]
    if found:  # the last one of the end, as earlier checkpoints may have been measured since
        return dict(max(found, key=lambda event: int(event["step"]))["values"])
    try:
        record = json.loads(run.with_name(f"{run.name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: value for name, value in record["numbers"].items() if name != CPU_SECONDS} | {"provenance": record["provenance"]}


def wanted(recipe: str, seed: int) -> dict[str, object]:
    """Key to value of a shown run's configuration: the recipe's number of steps, then the settings over it."""
    published = strict_yaml.read(RECIPES / f"{recipe}.yaml").value
    pairs = (setting.partition("=") for setting in settings_of(recipe, seed))
    return {"train.steps": look_up(published, "train.steps"), **{key: strict_yaml.parse(value, key).value for key, _, value in pairs}}


def train(recipe: str, seed: int, folder: Path, sources: Sources) -> None:
    """Train and measure a recipe, or its small edition, on one thread, into ``folder/RECIPE-SEED``.

    Raises:
        GanzooError: where either fails, with the last line that it said.
    """
    run = folder / f"{recipe}-{seed}"
    options = [word for setting in (*settings_of(recipe, seed), *data_settings(recipe, sources)) for word in ("-o", setting)]
    ganzoo("run", str(RECIPES / f"{recipe}.yaml"), *options, "--out", str(run), "--resume", "--quiet")
    ganzoo("eval", str(run), *evaluation(recipe).split(), "--quiet")


def evaluation(recipe: str) -> str:
    """The arguments of ``ganzoo eval RUN`` that ask for a recipe's metric."""
    metric = METRICS[recipe]
    setting = SETTINGS.get(recipe, SETTINGS.get(metric))
    return f"--metric {metric} -o {setting}" if setting else f"--metric {metric}"
