"""Measures a generator in training, and at its end."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from ganzoo import compat
from ganzoo.config import ResolvedPart
from ganzoo.errors import ContractError, GanzooError, UserError
from ganzoo.metrics.metric import Metric
from ganzoo.metrics.subject import Fact, Subject
from ganzoo.registry import reason
from ganzoo.ui.progress import Reporter

from .randomness import random_state, restore_random_state
from .run import Run
from .signals import Stop
from .subjects import Subjects


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
        self._subjects = Subjects(run.eval_generator, run.batches, run.dataset, data, seed=run.config.train.seed, reporter=reporter)
        before = random_state(run.runtime.device)
        self._metrics = {name: prepare(part, self._subject()) for name, part in self._parts.items()}
        restore_random_state(before, run.runtime.device)

    @property
    def names(self) -> list[str]:
        """The metrics, in the order of the configuration."""
        return list(self._parts)

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
    used: dict[str, Fact] = {"metric": f"{part.component.qualified} {part.component.version}"}
    # The path of a network's weights is left out: its hash is in the metric's own provenance.
    if parameters := ", ".join(f"{key}={value}" for key, value in part.params.items() if key != "weights"):
        used["parameters"] = parameters
    facts = {**used, **metric.provenance(), **subject.facts}
    if "real_hash" in facts:  # says more exactly which data the numbers depend on
        facts.pop("data_hash", None)
    return Evaluation(name, step, numbers, facts)


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
