"""The Kernel Inception Distance, for fewer samples than FID needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import torch
from annotated_types import Ge
from torch import Tensor

from ganzoo import DataSpec, PositiveInt, Subject
from ganzoo.metrics import Fact

from .inception import INCEPTION_SHA256
from .inception_metric import InceptionMetric
from .kernel import kernel_distance, require_subset


class KID(InceptionMetric):
    """Squared maximum mean discrepancy of Inception features of made and of real images, over random subsets of both.

    Numbers: ``kid``, the mean over the subsets, which may be a little below 0 as the estimator is unbiased;
    ``kid_deviation``, the standard deviation over the subsets. Papers often report it times 1,000.

    Args:
        samples: made samples N.
        real_samples: real samples to compare with; null: all.
        split: part of the data to compare with; null: the one trained on.
        subsets: how many pairs of subsets are drawn.
        subset_size: samples in each.
    """

    paper = "Binkowski, Sutherland, Arbel and Gretton 2018, arXiv:1801.01401"
    better = {"kid": "lower"}

    def __init__(
        self,
        data: DataSpec,
        *,
        samples: PositiveInt = 10_000,
        real_samples: PositiveInt | None = 10_000,
        split: str | None = None,
        subsets: PositiveInt = 100,
        subset_size: Annotated[int, Ge(2)] = 1000,
        weights: str | None = None,
        sha256: str = INCEPTION_SHA256,
        repeat_grey: bool = False,
    ) -> None:
        super().__init__(data, weights, sha256, repeat_grey)
        for count in (samples, real_samples):
            if count is not None:
                require_subset(count, subsets, subset_size)
        self.samples, self.real_samples, self.split = samples, real_samples, split
        self.subsets, self.subset_size = subsets, subset_size

    def prepare(self, subject: Subject) -> None:
        """Open Inception, and make sure that there are enough real samples."""
        require_subset(subject.real_count(self.real_samples, self.split), self.subsets, self.subset_size)
        super().prepare(subject)

    def provenance(self) -> Mapping[str, Fact]:
        """Inception and its hash, and how the subsets are drawn."""
        return {**super().provenance(), "subsets": self.subsets, "subset_size": self.subset_size}

    def compute(self, subject: Subject, collected: Sequence[Mapping[str, Tensor]]) -> Mapping[str, float]:
        """The distance and its deviation."""
        real = self.network(subject).real_features(subject, self.real_samples, self.split)
        made = torch.cat([share["features"] for share in collected])
        found = kernel_distance(real, made, subsets=self.subsets, subset_size=self.subset_size)
        return {"kid": found.mean, "kid_deviation": found.deviation}
