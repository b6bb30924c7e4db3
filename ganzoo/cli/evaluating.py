"""What measures: ``eval``."""

from __future__ import annotations

from pathlib import Path

from ganzoo.config import resolve_metrics
from ganzoo.config.yaml_writer import flow
from ganzoo.engine.evaluation import evaluate
from ganzoo.progress import reporter as choose_reporter
from ganzoo.registry import Registry

from .listing import print_json


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
    """Print each metric's numbers with their provenance."""
    registry = Registry.installed()
    if inception_weights is not None:
        parameters = [*parameters, f"weights={flow(str(inception_weights))}"]
    parts = resolve_metrics(names, parameters, registry)
    found = evaluate(folder, parts, weights=weights, seed=seed, registry=registry, reporter=choose_reporter(quiet or as_json))
    if as_json:
        print_json([{"metric": each.metric, "step": each.step, "values": each.values} for each in found])
        return
    for each in found:
        print(f"{each.metric}: {each}")
