"""Improved precision and recall as a metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

from ganzoo import DataSpec, PositiveInt, Subject, UserError
from ganzoo.metrics import Fact

from .inception import INCEPTION_SHA256
from .inception_metric import InceptionMetric
from .manifold import precision_recall, require_neighbours
from .networks import FeatureExtractor, check_digits, open_digit_extractor


class PrecisionRecall(InceptionMetric):
    """How much of what is made looks real (precision), and how much of the real is made (recall).

    Numbers: ``precision`` and ``recall``, from 0 to 1. Both depend on the network and on both numbers of samples; the
    paper's network is VGG-16.

    Args:
        network: what sees the images: inception; or digits, the bundled classifier of digits (judge: its name in earlier configurations).
        samples: made samples N; the paper takes 50,000 of each. Time and memory grow with N times the real samples.
        real_samples: real samples to compare with; null: all.
        split: part of the data to compare with; null: the one trained on.
        neighbours: k; a sample's ball reaches to its k-th nearest neighbour.
    """

    paper = "Kynkäänniemi, Karras, Laine, Lehtinen and Aila 2019, arXiv:1904.06991"
    better = {"precision": "higher", "recall": "higher"}

    def __init__(
        self,
        data: DataSpec,
        *,
        network: Literal["inception", "digits", "judge"] = "inception",
        samples: PositiveInt = 10_000,
        real_samples: PositiveInt | None = 10_000,
        split: str | None = None,
        neighbours: PositiveInt = 3,
        weights: str | None = None,
        sha256: str = INCEPTION_SHA256,
        repeat_grey: bool = False,
    ) -> None:
        self.of_digits = network != "inception"
        if self.of_digits:
            check_digits(data)
            if weights or repeat_grey or sha256 != INCEPTION_SHA256:
                remedy = "leave weights, sha256 and repeat_grey out, or choose inception"
                raise UserError("the digit classifier brings its own weights, and reads grey images", remedy, key="network")
        super().__init__(data, weights, sha256, repeat_grey or self.of_digits)
        for count in (samples, real_samples):
            if count is not None:
                require_neighbours(count, neighbours)
        self.samples, self.real_samples, self.split = samples, real_samples, split
        self.neighbours = neighbours

    def prepare(self, subject: Subject) -> None:
        """Open the network, and make sure that there are enough real samples."""
        require_neighbours(subject.real_count(self.real_samples, self.split), self.neighbours)
        super().prepare(subject)

    def provenance(self) -> Mapping[str, Fact]:
        """The network and its hash, and k."""
        return {**super().provenance(), "neighbours": self.neighbours}

    def compute(self, subject: Subject, collected: Sequence[Mapping[str, Tensor]]) -> Mapping[str, float]:
        """Precision and recall."""
        real = self.network(subject).real_features(subject, self.real_samples, self.split)
        made = torch.cat([share["features"] for share in collected])
        return precision_recall(real, made, neighbours=self.neighbours)._asdict()

    def network(self, subject: Subject) -> FeatureExtractor:
        """The network asked for, opened once."""
        if self.of_digits and self._network is None:
            self._network = open_digit_extractor(subject)
        return super().network(subject)
