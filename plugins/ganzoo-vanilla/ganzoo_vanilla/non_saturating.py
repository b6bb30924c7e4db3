"""The original GAN's loss: cross entropy on the critic's raw scores r (real) and f (fake).

critic:     mean [t softplus(-r) + (1 - t) softplus(r)] + mean [s softplus(-f) + (1 - s) softplus(f)]
generator:  mean softplus(-f) = -mean log sigmoid(f)

with t = real_target and s = fake_target. Goodfellow et al., 2014, arXiv:1406.2661.
"""

import math
from typing import Annotated

from annotated_types import Ge
from torch import Tensor
from torch.nn.functional import softplus

from ganzoo import DataSpec, Fraction, Loss, Scheduled, Terms, Turn


class NonSaturating(Loss):
    """The loss that the original paper trains with: the generator maximises log sigmoid(f).

    Args:
        real_target: what the critic should say of real samples; below 1 (0.9) is one-sided label smoothing.
        fake_target: what the critic should say of fakes; above 0 smooths that side too.
        weight: factor on both sides.
    """

    paper = "Goodfellow et al., 2014, arXiv:1406.2661; label smoothing: Salimans et al., 2016, arXiv:1606.03498"
    scores = frozenset({"score"})

    def __init__(
        self, data: DataSpec, *, real_target: Fraction = 1.0, fake_target: Fraction = 0.0, weight: Annotated[Scheduled, Ge(0)] = 1.0
    ) -> None:
        super().__init__()
        self.real_target, self.fake_target, self.weight = real_target, fake_target, weight

    def critic_terms(self, turn: Turn) -> Terms:
        """The cross entropy against the targets, of real samples plus of fakes."""
        real, fake = turn.both_scores
        wrong = cross_entropy(real["score"], self.real_target) + cross_entropy(fake["score"], self.fake_target)
        return {"adversarial": self.weight * wrong}

    def generator_terms(self, turn: Turn) -> Terms:
        """``mean softplus(-f)``: its gradient does not vanish where the critic is sure of a fake."""
        return {"adversarial": self.weight * softplus(-turn.fake_scores["score"]).mean()}

    def estimates(self, turn: Turn) -> Terms:
        """A lower bound of the Jensen-Shannon divergence in nats, tight where the critic is optimal; none with smoothing."""
        if (self.real_target, self.fake_target) != (1.0, 0.0):
            return {}
        value = -cross_entropy(turn.real_scores["score"], 1.0) - cross_entropy(turn.fake_scores["score"], 0.0)
        return {"js_estimate": (value + 2 * math.log(2)) / 2}


def cross_entropy(score: Tensor, target: float) -> Tensor:
    """Mean binary cross entropy of raw scores (N, *) against one target in [0, 1], finite for every finite score."""
    if target in (0, 1):
        return softplus(-score if target else score).mean()
    return target * softplus(-score).mean() + (1 - target) * softplus(score).mean()
