"""The interface of metrics: a subject in, numbers out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, Protocol

from torch import Tensor

from ganzoo.fields import Fields

from .subject import Fact, Subject


class FeatureExtractor(Protocol):
    """A network that turns samples into vectors whose Euclidean distance means something."""

    @property
    def provenance(self) -> Mapping[str, Fact]:
        """The network with the hash of its weights."""

    def collect(self, batches: Iterator[Fields]) -> Tensor:
        """(N, D) float32 features of all samples of the batches, on the CPU."""


class Metric(ABC):
    """Numbers about what a generator makes.

    A subclass's constructor takes ``data: DataSpec`` and keyword-only parameters (these are its YAML keys; ``every`` is the
    runner's word). It refuses data and parameters that it cannot serve, and opens no file: ``prepare`` does.
    """

    paper: ClassVar[str] = ""
    """Where it comes from: authors, year, identifier."""
    better: ClassVar[Mapping[str, Literal["lower", "higher"]]] = {}
    """Which way a number is better: ``{"fid": "lower"}``. A number that is not named here is shown and never ranked."""
    extractors: ClassVar[Mapping[str, Callable[[Subject, str | None], FeatureExtractor]]] = {}
    """Feature extractors that ``ganzoo neighbours --by NAME`` may use: name to what opens one, given the subject and the file of
    the weights (None: where it is looked for). It raises UserError where the data or the weights do not do."""

    def prepare(self, subject: Subject) -> None:  # noqa: B027  (nothing to load is fine)
        """Load what is needed, or say why it cannot be measured. Called once, before the first ``measure``.

        A run calls it before its first step, so that missing weights do not come to light after a day.

        Raises:
            UserError: where something is missing, or the subject is not what this metric measures.
        """

    @abstractmethod
    def measure(self, subject: Subject) -> Mapping[str, float]:
        """The numbers, the one that the metric is known for first; all of them finite.

        Args:
            subject: gives samples made and real. What is taken from it is recorded: N, split and data need no mention.

        Raises:
            UserError: where the subject does not allow it.
            GanzooError: where a number cannot be had: features that are not finite, a divergence without bound.
        """

    def provenance(self) -> Mapping[str, Fact]:
        """What the numbers depend on besides the subject: the network with its hash, parameters of the estimator."""
        return {}


class SharedMetric(Metric):
    """A metric that looks at made samples one by one: the processes of a run share them, and rank 0 computes from what they saw."""

    @abstractmethod
    def collect(self, subject: Subject) -> Mapping[str, Tensor]:
        """What the numbers need of the made samples (features, sums of them): tensors, whose names are the metric's own.

        Args:
            subject: ``generated`` or ``pairs`` gives the samples that are this process's; real ones are for ``compute``.
        """

    @abstractmethod
    def compute(self, subject: Subject, collected: Sequence[Mapping[str, Tensor]]) -> Mapping[str, float]:
        """The numbers, as ``measure`` describes them.

        Args:
            subject: the one that ``collect`` was given here; it makes no more samples where processes share them.
            collected: of each process that had samples, in the order of the samples; on the CPU where there are several.
        """

    def measure(self, subject: Subject) -> Mapping[str, float]:
        """What one process computes alone."""
        return self.compute(subject, [self.collect(subject)])


def is_shared(cls: Any) -> bool:
    """Whether a metric's class leaves ``measure`` to its two halves."""
    return isinstance(cls, type) and issubclass(cls, SharedMetric) and cls.measure is SharedMetric.measure
