"""What measures: ``eval``."""

from __future__ import annotations

from pathlib import Path

from ganzoo.config import resolve_metrics
from ganzoo.config.yaml_writer import flow
from ganzoo.registry import Registry
from ganzoo.rundir.lines import EVAL, append_event
from ganzoo.runs.evaluate import evaluate
from ganzoo.ui.progress import reporter as choose_reporter
from ganzoo.ui.tables import print_json


def evaluate_run(
    folder: Path,
    names: list[str],
    parameters: list[str],
    weights: Path | None,
    inception_weights: Path | None,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Print each metric's numbers with their provenance, and append them to the run's ``metrics.jsonl``."""
    registry = Registry.installed()
    if inception_weights is not None:
        parameters = [*parameters, f"weights={flow(str(inception_weights))}"]
    parts = resolve_metrics(names, parameters, registry)
    results = []
    found = evaluate(folder, parts, weights=weights, seed=seed, registry=registry, reporter=choose_reporter(quiet or as_json))
    for each in found:
        results.append({"metric": each.metric, "step": each.step, "values": each.values})
        if not as_json:
            print(f"{each.metric}: {each}", flush=True)
        # Other weights get another name: the run's own numbers are not theirs.
        name = f"{each.metric} of {weights.name}" if weights else each.metric
        append_event(folder, "evaluated", step=each.step, metric=name, values=each.values, by=EVAL)
    if as_json:
        print_json(results)
