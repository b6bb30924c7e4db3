"""A metric is prepared and measured: its numbers are checked, and kept with what they depend on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from ganzoo.config import ResolvedPart
from ganzoo.errors import ContractError, GanzooError, UserError
from ganzoo.registry import reason

from .metric import Metric, SharedMetric
from .subject import Fact, Subject


@dataclass(frozen=True)
class Evaluation:
    """The result of one metric: its numbers, the one that it is known for first, and what they depend on.

    ``step`` counts the steps that the weights were trained for; None where that is not known.
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


def prepare(part: ResolvedPart, subject: Subject) -> Metric:
    """Build a metric and let it find out whether it can be measured.

    Raises:
        UserError: at the place of ``part``, where it cannot.
    """
    metric = part.build(subject.data)
    if not isinstance(metric, Metric):
        raise ContractError(f"metric '{part.name}' is a {type(metric).__name__}, no Metric", "repair the plugin", key=part.key)
    with _asked(part.name, part):
        metric.prepare(subject)
    return metric


Collected: TypeAlias = Mapping[str, Tensor]
"""What a process has seen of the samples."""


def collect(name: str, metric: SharedMetric, part: ResolvedPart, subject: Subject) -> Collected:
    """This process's half of ``measure``; errors as there."""
    with _asked(name, part):
        found = metric.collect(subject)
        if not isinstance(found, Mapping) or not found or not all(isinstance(value, Tensor) for value in found.values()):
            raise ContractError("what it collects is not a mapping of names to tensors", "repair the plugin")
    return {str(key): value.detach().cpu() for key, value in found.items()}


def measure(
    name: str, metric: Metric, part: ResolvedPart, subject: Subject, step: int | None, collected: Sequence[Collected] | None = None
) -> Evaluation:
    """Measure, from what was ``collected`` if that was done already, and check what comes.

    Raises:
        UserError: at the place of ``part``, where the subject does not allow it.
        GanzooError: where a number is not finite, or the metric fails.
    """
    with _asked(name, part):
        subject.makes_no_more = bool(collected)
        found = metric.compute(subject, collected) if collected and isinstance(metric, SharedMetric) else metric.measure(subject)
        numbers = {str(key): value if isinstance(value, int) else float(value) for key, value in found.items()}
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
def _asked(name: str, part: ResolvedPart) -> Iterator[None]:
    try:
        with exact_products():
            yield
    except UserError as error:
        raise error.at(part.where, part.key) from error
    except GanzooError:
        raise
    except Exception as error:  # whatever a plugin's code raises
        raise GanzooError(f"metric '{name}' failed: {reason(error)}") from error


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
