"""The Frechet Inception distance, on the network that published numbers use."""

from __future__ import annotations

from collections.abc import Mapping

from ganzoo.fields import DataSpec
from ganzoo.params import PositiveInt

from .frechet import frechet_distance, require_enough_samples
from .inception import INCEPTION_SHA256, InceptionNetwork
from .metric import Metric
from .networks import SeeingNetwork, check_seen_by_inception, open_inception
from .subject import Fact, Subject


class FID(Metric):
    """Frechet distance between Inception features of made and of real images; needs pytorch-fid and its weights file.

    Numbers of other N, splits, crops or sizes are not comparable: each is in the provenance.

    Args:
        samples: made samples N; the usual number is 50,000.
        real_samples: real samples to compare with; null: all.
        split: part of the data to compare with; null: the one trained on.
        weights: file of Inception's weights; null: $GANZOO_INCEPTION, else the cache.
        sha256: first digits of that file's sha256; those of the published file unless you mean another.
        repeat_grey: repeat the channel of grey images, which Inception was not made for.
    """

    paper = "Heusel et al. 2017, arXiv:1706.08500"

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
        check_seen_by_inception(data, repeat_grey)
        for count in (samples, real_samples):
            if count is not None:
                require_enough_samples(count, InceptionNetwork.feature_size)
        self.samples, self.real_samples, self.split = samples, real_samples, split
        self.weights, self.sha256, self.repeat_grey = weights, sha256, repeat_grey
        self.network: SeeingNetwork | None = None

    def prepare(self, subject: Subject) -> None:
        """Open Inception, and make sure that there are enough real samples."""
        require_enough_samples(subject.real_count(self.real_samples, self.split), InceptionNetwork.feature_size)
        self.network = self._open(subject)

    def provenance(self) -> Mapping[str, Fact]:
        """Inception and its hash."""
        return self.network.provenance if self.network else {}

    def measure(self, subject: Subject) -> Mapping[str, float]:
        """The distance."""
        network = self.network or self._open(subject)
        real = network.real_moments(subject, self.real_samples, self.split)
        made = network.moments(subject.generated(self.samples), subject.device)
        return {"fid": frechet_distance(real, made)}

    def _open(self, subject: Subject) -> SeeingNetwork:
        return open_inception(subject, self.weights, self.sha256, self.repeat_grey)
