"""The base of metrics on Inception's features: the file of its weights."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from ganzoo import DataSpec, SharedMetric, Subject
from ganzoo.metrics import Fact

from .inception import INCEPTION_SHA256
from .networks import FeatureExtractor, check_seen_by_inception, open_inception


class InceptionMetric(SharedMetric):
    """A metric on Inception's features; needs pytorch-fid and the file of Inception's weights.

    Args:
        weights: file of Inception's weights; null: $GANZOO_INCEPTION, else the cache.
        sha256: first digits of that file's sha256; those of the published file unless you mean another.
        repeat_grey: repeat the channel of grey images, which Inception was not made for.
    """

    samples: int
    """Made samples N."""
    extractors = {"inception": lambda subject, weights: _open_for_colour(subject, weights)}

    def __init__(self, data: DataSpec, weights: str | None, sha256: str, repeat_grey: bool) -> None:
        check_seen_by_inception(data, repeat_grey)
        self.weights, self.sha256, self.repeat_grey = weights, sha256, repeat_grey
        self._network: FeatureExtractor | None = None

    def prepare(self, subject: Subject) -> None:
        """Open Inception."""
        self.network(subject)

    def provenance(self) -> Mapping[str, Fact]:
        """Inception and its hash."""
        return self._network.provenance if self._network else {}

    def collect(self, subject: Subject) -> Mapping[str, Tensor]:
        """The features (N, D)."""
        return {"features": self.network(subject).collect(subject.generated(self.samples))}

    def network(self, subject: Subject) -> FeatureExtractor:
        """Inception, opened once.

        Raises:
            UserError: where its weights are missing or cannot be used.
        """
        if self._network is None:
            self._network = open_inception(subject, self.weights, self.sha256, self.repeat_grey)
        return self._network


def _open_for_colour(subject: Subject, weights: str | None) -> FeatureExtractor:
    check_seen_by_inception(subject.data, repeat_grey=False)
    return open_inception(subject, weights, INCEPTION_SHA256, repeat_grey=False)
