"""The Frechet Inception distance, on the network that published numbers use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from ganzoo import DataSpec, PositiveInt, Subject

from .frechet import frechet_distance, require_enough_samples
from .inception import INCEPTION_SHA256, InceptionNetwork
from .inception_metric import InceptionMetric
from .moments import Moments


class FID(InceptionMetric):
    """Frechet distance between Inception features of made and of real images; needs pytorch-fid and its weights file.

    Numbers of other N, splits, crops or sizes are not comparable: each is in the provenance.

    Args:
        samples: made samples N; the usual number is 50,000.
        real_samples: real samples to compare with; null: all.
        split: part of the data to compare with; null: the one trained on.
    """

    paper = "Heusel et al. 2017, arXiv:1706.08500"
    better = {"fid": "lower"}

    def __init__(
        self,
        data: DataSpec,
        *,
        samples: PositiveInt = 50_000,
        real_samples: PositiveInt | None = None,
        split: str | None = None,
        weights: str | None = None,
        sha256: str = INCEPTION_SHA256,
        repeat_grey: bool = False,
    ) -> None:
        super().__init__(data, weights, sha256, repeat_grey)
        for count in (samples, real_samples):
            if count is not None:
                require_enough_samples(count, InceptionNetwork.feature_size)
        self.samples, self.real_samples, self.split = samples, real_samples, split

    def prepare(self, subject: Subject) -> None:
        """Open Inception, and make sure that there are enough real samples."""
        require_enough_samples(subject.real_count(self.real_samples, self.split), InceptionNetwork.feature_size)
        super().prepare(subject)

    def collect(self, subject: Subject) -> Mapping[str, Tensor]:
        """Mean and covariance of the features."""
        return self.network(subject).moments(subject.generated(self.samples), subject.device).to_tensors()

    def compute(self, subject: Subject, collected: Sequence[Mapping[str, Tensor]]) -> Mapping[str, float]:
        """The distance."""
        real = self.network(subject).real_moments(subject, self.real_samples, self.split)
        return {"fid": frechet_distance(real, Moments.from_shares(collected, subject.device))}
