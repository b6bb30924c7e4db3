"""The inception score as a metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ganzoo import DataSpec, PositiveInt, Subject
from ganzoo.metrics import Fact

from .inception import INCEPTION_SHA256
from .inception_metric import InceptionMetric
from .inception_score import inception_score, require_splits


class InceptionScore(InceptionMetric):
    """Whether Inception recognises single images and sees many kinds of them; it never looks at the real data.

    Numbers: ``inception_score``, the mean over the splits, from 1 up; ``inception_score_deviation`` over the splits.

    Args:
        samples: made samples N; the usual number is 50,000.
        splits: parts that the score is computed on.
    """

    paper = "Salimans, Goodfellow, Zaremba, Cheung, Radford and Chen 2016, arXiv:1606.03498"
    better = {"inception_score": "higher"}

    def __init__(
        self,
        data: DataSpec,
        *,
        samples: PositiveInt = 50_000,
        splits: PositiveInt = 10,
        weights: str | None = None,
        sha256: str = INCEPTION_SHA256,
        repeat_grey: bool = False,
    ) -> None:
        super().__init__(data, weights, sha256, repeat_grey)
        require_splits(samples, splits)
        self.samples, self.splits = samples, splits

    def provenance(self) -> Mapping[str, Fact]:
        """Inception and its hash, and the number of splits."""
        return {**super().provenance(), "splits": self.splits}

    def collect(self, subject: Subject) -> Mapping[str, Tensor]:
        """Logits (N, 1008)."""
        network = self.network(subject)
        batches = network.features(subject.generated(self.samples))
        return {"logits": torch.cat([network.module.logits_of(features).cpu() for features, _ in batches])}

    def compute(self, subject: Subject, collected: Sequence[Mapping[str, Tensor]]) -> Mapping[str, float]:
        """The score and its deviation."""
        found = inception_score(torch.cat([share["logits"] for share in collected]), splits=self.splits)
        return {"inception_score": found.mean, "inception_score_deviation": found.deviation}
