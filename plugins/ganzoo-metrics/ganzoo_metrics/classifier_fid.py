"""Metrics of the bundled digit classifier: a distance, the balance of the classes, and whether asked-for digits were made.

Legend of shapes: N samples, D features, K classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from ganzoo import DataSpec, Fields, PositiveInt, SharedMetric, Subject
from ganzoo.metrics import Fact

from .digit_classifier import DigitClassifier
from .divergence import class_kl
from .frechet import frechet_distance, require_enough_samples
from .moments import Moments
from .networks import FeatureExtractor, check_digits, open_digit_extractor


class ClassifierFID(SharedMetric):
    """Frechet distance in the features of a digit classifier; never to be called FID, and not comparable with it.

    Numbers: ``classifier_fid``; ``class_kl``, KL(made || real) of the histograms of the classes that the digit classifier sees, in nats;
    ``conditional_accuracy``, the share of asked-for digits that the digit classifier recognises, where the generator is conditional.

    Args:
        samples: made samples N.
        real_samples: real samples to compare with; null: all.
        split: part of the data to compare with; null: the one trained on.
    """

    paper = "Heusel et al. 2017, arXiv:1706.08500 (the distance); the classifier is ganzoo's own"
    better = {"classifier_fid": "lower", "class_kl": "lower", "conditional_accuracy": "higher"}
    extractors = {"digits": lambda subject, weights: open_digit_extractor(subject)}

    def __init__(
        self, data: DataSpec, *, samples: PositiveInt = 10_000, real_samples: PositiveInt | None = None, split: str | None = None
    ) -> None:
        check_digits(data)
        for count in (samples, real_samples):
            if count is not None:
                require_enough_samples(count, DigitClassifier.feature_size)
        self.samples, self.real_samples, self.split = samples, real_samples, split
        self.network: FeatureExtractor | None = None

    def prepare(self, subject: Subject) -> None:
        """Open the digit classifier."""
        require_enough_samples(subject.real_count(self.real_samples, self.split), DigitClassifier.feature_size)
        self.network = open_digit_extractor(subject)

    def provenance(self) -> Mapping[str, Fact]:
        """The digit classifier and its hash."""
        return self.network.provenance if self.network else {}

    def collect(self, subject: Subject) -> Mapping[str, Tensor]:
        """Moments of the features, the classes seen (N,), and how many are those asked for."""
        moments, classes, right = _look(self.network or open_digit_extractor(subject), subject.generated(self.samples), subject.device)
        return {**moments.to_tensors(), "classes": classes, "right": torch.tensor(right)}

    def compute(self, subject: Subject, collected: Sequence[Mapping[str, Tensor]]) -> Mapping[str, float]:
        """The distance, the divergence of the classes, and the accuracy where the generator is conditional."""
        network = self.network or open_digit_extractor(subject)

        def classified(batches: Iterator[Fields]) -> dict[str, np.ndarray]:
            moments, classes, _ = _look(network, batches, subject.device)
            return {**moments.to_arrays(), "classes": classes.numpy()}

        kept = subject.of_real("classified", classified, self.real_samples, self.split, **network.key)
        made, classes = Moments.from_shares(collected, subject.device), torch.cat([share["classes"] for share in collected])
        values = {
            "classifier_fid": frechet_distance(Moments.from_arrays(kept, device=subject.device), made),
            "class_kl": class_kl(classes, torch.from_numpy(np.array(kept["classes"])), DigitClassifier.classes),
        }
        right = sum(int(share["right"]) for share in collected)
        return values | ({"conditional_accuracy": right / self.samples} if subject.conditional else {})


def _look(network: FeatureExtractor, batches: Iterator[Fields], device: torch.device) -> tuple[Moments, Tensor, int]:
    """Moments of the features, (N,) int64 classes as the digit classifier sees them, and how many are those asked for."""
    moments = Moments(network.feature_size, device)
    seen: list[Tensor] = []
    right = 0
    for features, fields in network.features(batches):
        moments.update(features)
        classes = network.module.logits_of(features).argmax(dim=1)
        seen.append(classes.cpu())
        if "label" in fields:
            right += int((classes == fields["label"]).sum())
    return moments, torch.cat(seen), right
