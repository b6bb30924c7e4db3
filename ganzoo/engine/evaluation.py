"""Measures a generator: during training, at its end, and afterwards."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ganzoo import compat
from ganzoo.config import ResolvedPart
from ganzoo.data.cache import Cache
from ganzoo.data.dataset import Dataset
from ganzoo.errors import ContractError, GanzooError, UserError
from ganzoo.metrics.metric import Metric
from ganzoo.metrics.subject import Fact, Subject
from ganzoo.progress import Reporter
from ganzoo.registry import Registry, reason

from .batches import Batches
from .randomness import random_state, restore_random_state
from .run import Run
from .signals import Stop
from .subjects import Subjects
from .trained import load_trained


@dataclass(frozen=True)
class Evaluation:
    """What one metric found.

    Args:
        metric: its name.
        step: steps that the weights were trained for; None where that is not known.
        numbers: its numbers, the one that it is known for first.
        provenance: what they depend on.
    """

    metric: str
    step: int | None
    numbers: Mapping[str, float]
    provenance: Mapping[str, Fact]

    @property
    def values(self) -> dict[str, Any]:
        """As ``metrics.jsonl`` and observers get it: the numbers, and "provenance"."""
        return {**self.numbers, "provenance": dict(self.provenance)}

    def __str__(self) -> str:
        numbers = ", ".join(f"{name} {value:.6g}" for name, value in self.numbers.items())
        return f"{numbers} ({', '.join(f'{name} {value}' for name, value in self.provenance.items())})"


class Evaluations:
    """The metrics of a run in training. They leave it as it is: random numbers, the data's position, the networks.

    Args:
        parts: the metrics, as configured.
        run: what trains.
        data: the data set, as configured.
        reporter: shows progress.

    Raises:
        UserError: where a metric cannot be measured here: weights are missing, samples are too few.
    """

    def __init__(self, parts: Sequence[ResolvedPart], run: Run, data: ResolvedPart, reporter: Reporter) -> None:
        self._run, self._parts = run, compat.distinct(parts)
        self._subjects = Subjects(run.best_generator, run.batches, run.dataset, data, seed=run.config.train.seed, reporter=reporter)
        before = random_state(run.runtime.device)
        self._metrics = {name: prepare(part, self._subject()) for name, part in self._parts.items()}
        restore_random_state(before, run.runtime.device)

    def due(self, step: int, total: int) -> list[str]:
        """The names of the metrics that are measured after ``step`` of ``total`` steps: all of them at the end."""
        return [name for name, part in self._parts.items() if step == total or (part.every and step % part.every == 0)]

    def measure(self, name: str, stop: Stop) -> Evaluation:
        """Measure one metric now.

        Raises:
            GanzooError: where its numbers cannot be had.
            Interrupted: where a signal came meanwhile.
        """
        before = random_state(self._run.runtime.device)
        try:
            with stop.interrupts():
                return measure(name, self._metrics[name], self._parts[name], self._subject(), self._run.step)
        finally:
            restore_random_state(before, self._run.runtime.device)

    def _subject(self) -> Subject:
        run = self._run
        return self._subjects.make(compat.plan_fields(run.last_plan, run.runtime.device), {"weights": "ema" if run.average else "raw"})


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
    dataset: Dataset = trained.dataset.build()
    batches = Batches(dataset.arrays(Cache(reporter=reporter)), trained.data, 1, 0, False, trained.runtime)
    subjects = Subjects(trained.generator, batches, dataset, trained.dataset, seed=seed, reporter=reporter)
    average = trained.facts.get("average")
    kind = "ema" if average is True else "raw" if average is False else ""
    file = f"{weights.name} {hashlib.sha256(weights.read_bytes()).hexdigest()[:12]}" if weights else ""
    facts: dict[str, Fact] = {"weights": " ".join(filter(None, [kind, file])) or "unknown"}
    step = trained.facts.get("step")
    step = step if isinstance(step, int) else None
    named = compat.distinct(parts)
    metrics = {name: prepare(part, subjects.make(trained.values, facts)) for name, part in named.items()}
    for name, metric in metrics.items():
        yield measure(name, metric, named[name], subjects.make(trained.values, facts), step)


def prepare(part: ResolvedPart, subject: Subject) -> Metric:
    """Build a metric and let it find out whether it can be measured.

    Raises:
        UserError: at the place of ``part``, where it cannot.
    """
    metric = part.build(subject.data)
    if not isinstance(metric, Metric):
        raise ContractError(f"metric '{part.name}' is a {type(metric).__name__}, no Metric", "repair the plugin", key=part.key)
    try:
        metric.prepare(subject)
    except UserError as error:
        raise error.at(part.where, part.key) from error
    return metric


def measure(name: str, metric: Metric, part: ResolvedPart, subject: Subject, step: int | None) -> Evaluation:
    """Measure, and check what comes.

    Raises:
        UserError: at the place of ``part``, where the subject does not allow it.
        GanzooError: where a number is not finite, or the metric fails.
    """
    try:
        with exact_products():
            numbers = {str(key): value if isinstance(value, int) else float(value) for key, value in metric.measure(subject).items()}
    except UserError as error:
        raise error.at(part.where, part.key) from error
    except GanzooError:
        raise
    except Exception as error:  # whatever a plugin's code raises
        raise GanzooError(f"metric '{name}' failed: {reason(error)}") from error
    for key, value in numbers.items():
        if not math.isfinite(value):
            raise GanzooError(f"metric '{name}': {key} is {value}, so there is no number to report")
    used = {"metric": f"{part.component.qualified} {part.component.version}"}
    return Evaluation(name, step, numbers, {**used, **metric.provenance(), **subject.facts})


@contextmanager
def exact_products() -> Iterator[None]:
    """Full float32 matrix products and convolutions meanwhile, whatever the training runs with: numbers must not depend on it."""
    before, convolutions = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
        torch.backends.cudnn.allow_tf32 = convolutions
