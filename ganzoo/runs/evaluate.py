"""Measures the generator of a finished run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from ganzoo import compat
from ganzoo.config import ResolvedPart
from ganzoo.engine.evaluation import Evaluation, Subjects, measure, prepare
from ganzoo.metrics.subject import Fact
from ganzoo.registry import Registry
from ganzoo.rundir.weights import split_choice
from ganzoo.ui.progress import Reporter

from .trained import load_trained


def evaluate(
    folder: Path, parts: Sequence[ResolvedPart], *, weights: Path | None, seed: int, registry: Registry, reporter: Reporter
) -> Iterator[Evaluation]:
    """Measure a run's generator, or other weights in its place; every metric is prepared before the first is measured.

    Args:
        folder: the run directory.
        parts: the metrics with their parameters.
        weights: generator weights from elsewhere; None: the run's own.
        seed: of the latents.
        registry: what is installed.
        reporter: shows progress.

    Raises:
        UserError: where the run, its data, the weights or a metric cannot be used.
        GanzooError: where a metric's numbers cannot be had.
    """
    trained = load_trained(folder, weights, registry, reporter)
    dataset, samples = trained.read_data(reporter)
    subjects = Subjects(trained.generator, samples, dataset, trained.dataset, seed=seed, reporter=reporter)
    average = trained.facts.get("average")
    kind = "ema" if average is True else "raw" if average is False else ""
    file = f"{weights.name} {hashlib.sha256(split_choice(weights)[0].read_bytes()).hexdigest()[:12]}" if weights else ""
    facts: dict[str, Fact] = {"weights": " ".join(filter(None, [kind, file])) or "unknown"}
    step = trained.facts.get("step")
    step = step if isinstance(step, int) else None
    named = compat.distinct(parts)
    metrics = {name: prepare(part, subjects.make(trained.values, facts)) for name, part in named.items()}
    for name, metric in metrics.items():
        yield measure(name, metric, named[name], subjects.make(trained.values, facts), step)
