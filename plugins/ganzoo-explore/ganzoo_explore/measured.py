"""Measures the generator of a finished run by metrics that the command line names, or its configuration."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from ganzoo import compat
from ganzoo.config import ResolvedPart, load_config, resolve_alone
from ganzoo.config.overrides import parse_override
from ganzoo.config.yaml_writer import flow
from ganzoo.engine.evaluation import Subjects
from ganzoo.errors import UserError, did_you_mean
from ganzoo.metrics.evaluation import Evaluation, measure, prepare
from ganzoo.metrics.subject import Fact
from ganzoo.registry import Registry
from ganzoo.rundir.files import CONFIG, check_run
from ganzoo.rundir.weights import split_choice
from ganzoo.runs.trained import load_trained
from ganzoo.ui.progress import Reporter


def metrics_of(folder: Path) -> list[str]:
    """The metrics that a run's configuration lists, each as YAML for ``resolve_metrics``.

    Raises:
        UserError: where the folder holds no run, or its configuration lists none.
    """
    check_run(folder, "'ganzoo run' or 'ganzoo pack'")
    metrics = load_config(folder / CONFIG).metrics
    if not metrics:
        raise UserError("its configuration lists no metrics", "name one: --metric METRIC", key="--metric", where=str(folder))
    return [flow({"name": part.name, **part.params}) for part in metrics]


def resolve_metrics(texts: Sequence[str], parameters: Sequence[str], registry: Registry) -> list[ResolvedPart]:
    """Metrics by themselves, each as YAML: ``NAME``, or ``{name: NAME, samples: 5000}``.

    Args:
        texts: one for each metric.
        parameters: ``KEY=VALUE`` each, for every one of the metrics that has such a parameter.
        registry: what is installed.

    Raises:
        UserError: as ``resolve`` does, and for a parameter that none of the metrics has.
    """
    found = [resolve_alone("metric", text, registry, f"--metric {text}", parameters) for text in texts]
    known = {name for part in found for name in part.params}
    for text in parameters:
        name = str(parse_override(text).path[0])
        if name not in known:
            raise UserError("there is no such parameter", did_you_mean(name, known, noun="parameters"), key=name, where=f"-o {text}")
    return found


def measure_run(
    folder: Path,
    parts: Sequence[ResolvedPart],
    *,
    weights: Path | None,
    seed: int,
    registry: Registry,
    reporter: Reporter,
    step: str | None = None,
    overrides: Sequence[str] = (),
) -> Iterator[Evaluation]:
    """Measure a run's generator, or other weights in its place; every metric is prepared before the first is measured.

    Args:
        folder: the run directory.
        parts: the metrics with their parameters.
        weights: generator weights from elsewhere; None: the run's own.
        seed: of the latents.
        registry: what is installed.
        reporter: shows progress.
        step: an earlier checkpoint, as of ``load_trained``.
        overrides: where the data lies now.

    Raises:
        UserError: where the run, its data, the weights or a metric cannot be used.
        GanzooError: where a metric's numbers cannot be had.
    """
    trained = load_trained(folder, weights, registry, reporter, step=step, overrides=overrides)
    dataset, samples = trained.read_data(reporter)
    subjects = Subjects(trained.generator, samples, dataset, trained.dataset, seed=seed, reporter=reporter)
    average = trained.facts.get("average")
    kind = "ema" if average is True else "raw" if average is False else ""
    file = f"{weights.name} {hashlib.sha256(split_choice(weights)[0].read_bytes()).hexdigest()[:12]}" if weights else ""
    facts: dict[str, Fact] = {"weights": " ".join(filter(None, [kind, file])) or "unknown"}
    component, trained_with = trained.part.component, (trained.facts.get("versions") or {}).get(trained.part.component.distribution)
    if trained_with and trained_with != component.version:  # of another release it may compute something else
        facts["generator"] = f"{component.distribution} {component.version}, trained with {trained_with}"
    trained_for = trained.facts.get("step")
    at_step = trained_for if isinstance(trained_for, int) else None
    named = compat.distinct(parts)
    metrics = {name: prepare(part, subjects.make(trained.values, facts)) for name, part in named.items()}
    for name, metric in metrics.items():
        yield measure(name, metric, named[name], subjects.make(trained.values, facts), at_step)
