"""Coverage of the known modes: of the 2-D toys, and of stacked MNIST."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from ganzoo import DataSpec, Fields, PositiveInt, SharedMetric, Subject, UserError
from ganzoo.metrics import Fact

from .modes import STACKED_SAMPLES, TOY_SAMPLES, stacked_class, stacked_modes, toy_modes
from .networks import FeatureExtractor, digit_extractor, shape_text


class Modes(SharedMetric):
    """Modes of a 2-D mixture that are made, and the share of samples within 3 standard deviations of a mode.

    Numbers: ``modes``, those with one such sample at least; ``high_quality``, of the data itself 0.989.

    Args:
        samples: made samples N; published numbers use 2,500.
    """

    paper = "Srivastava et al. 2017, arXiv:1705.07761 (VEEGAN); Lin et al. 2018, arXiv:1712.04086 (PacGAN)"
    better = {"modes": "higher", "high_quality": "higher"}

    def __init__(self, data: DataSpec, *, samples: PositiveInt = TOY_SAMPLES) -> None:
        if data.is_image:
            raise UserError(f"modes are counted of 2-D points, this data is {shape_text(data)}", "use another metric for it")
        self.samples = samples

    def prepare(self, subject: Subject) -> None:
        """Make sure that the modes are known."""
        _modes(subject)

    def collect(self, subject: Subject) -> Mapping[str, Tensor]:
        """The points (N, 2)."""
        return {"sample": torch.cat([fields["sample"] for fields in subject.generated(self.samples)])}

    def compute(self, subject: Subject, collected: Sequence[Mapping[str, Tensor]]) -> Mapping[str, float]:
        """Modes covered and the share of high quality."""
        centres, sd = _modes(subject)
        found = toy_modes(torch.cat([share["sample"] for share in collected]), centres, sd)
        return {"modes": found.covered, "high_quality": found.high_quality}


def _modes(subject: Subject) -> tuple[Tensor, float]:
    """Centres (M, 2) and standard deviation of the data's modes."""
    centres = subject.dataset.centres
    if centres is None:
        raise UserError(
            f"the data set {type(subject.dataset).__name__} does not say where its modes are", "measure modes of the ring or the grid"
        )
    return torch.from_numpy(centres), subject.dataset.sd


STACKED_NAMES = tuple(f"{mode:03}" for mode in range(1000))
"""What the classes are called of images whose three channels are digits."""


class StackedModes(SharedMetric):
    """Modes of stacked MNIST that are made, as the bundled digit classifier reads the digits of the three channels.

    Numbers: ``modes`` of 1,000; ``kl``, KL(made || even) of their histogram, in nats. The even histogram is the published
    protocol; drawn digits are not quite even, so the data itself is at about 0.025 with 26,000 samples.

    Args:
        samples: made samples N; both numbers depend on it, and published ones use 26,000.
    """

    paper = "Metz et al. 2017, arXiv:1611.02163; Srivastava et al. 2017, arXiv:1705.07761; Lin et al. 2018, arXiv:1712.04086 (PacGAN)"
    better = {"modes": "higher", "kl": "lower"}

    def __init__(self, data: DataSpec, *, samples: PositiveInt = STACKED_SAMPLES) -> None:
        if data.shape != (3, 28, 28):
            raise UserError(f"stacked modes are counted of images of 3x28x28, this data is {shape_text(data)}", "measure stacked_mnist")
        self.samples = samples
        self.network: FeatureExtractor | None = None

    def prepare(self, subject: Subject) -> None:
        """Make sure that the channels are digits, and open the digit classifier."""
        if subject.dataset.class_names != STACKED_NAMES:
            raise UserError(f"the channels of the data set {type(subject.dataset).__name__} are no digits", "measure stacked_mnist")
        self.network = digit_extractor(subject.device)

    def provenance(self) -> Mapping[str, Fact]:
        """The digit classifier and its hash."""
        return self.network.provenance if self.network else {}

    def collect(self, subject: Subject) -> Mapping[str, Tensor]:
        """The digits seen (3 N,)."""
        network = self.network or digit_extractor(subject.device)
        seen = network.features(_channels(subject.generated(self.samples)))
        return {"digits": torch.cat([network.module.logits_of(features).argmax(dim=1).cpu() for features, _ in seen])}

    def compute(self, subject: Subject, collected: Sequence[Mapping[str, Tensor]]) -> Mapping[str, float]:
        """Modes covered and the divergence of their histogram."""
        digits = torch.cat([share["digits"] for share in collected])
        found = stacked_modes(stacked_class(digits.reshape(-1, 3)))
        return {"modes": found.covered, "kl": found.kl}


def _channels(batches: Iterator[Fields]) -> Iterator[Fields]:
    """Each image (N, 3, H, W) as three grey ones (3 N, 1, H, W), one after the other."""
    for fields in batches:
        yield {"sample": fields["sample"].flatten(0, 1).unsqueeze(1)}
