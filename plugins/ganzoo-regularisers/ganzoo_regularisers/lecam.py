"""LeCam regularisation: scores stay near where the other side's scores have been.

critic:  weight * (mean max(0, r - a_f)^2 + mean max(0, a_r - f)^2)

with a_r and a_f the moving averages of the mean real score r and fake score f, without their initial bias. Tseng et al.,
2021, arXiv:2104.03310; max(0, .) as in the authors' code (google/lecam-gan), without it as in the paper's equation.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import relu

from ganzoo import DataSpec, Fraction, Loss, NonNegativeFloat, Terms, Turn


class LeCam(Loss):
    """Keeps a critic that has seen too little data from growing sure; added to ``hinge`` or any other loss.

    Args:
        weight: factor on the penalty; the authors' 0.3 for CIFAR-10.
        decay: of the moving averages, at each critic update.
        one_sided: false punishes scores on both sides of the other's average.
    """

    paper = "Tseng et al., 2021, arXiv:2104.03310"
    scores = frozenset({"score"})
    real: Tensor
    fake: Tensor
    updates: Tensor

    def __init__(self, data: DataSpec, *, weight: NonNegativeFloat = 0.3, decay: Fraction = 0.99, one_sided: bool = True) -> None:
        super().__init__()
        self.weight, self.decay, self.one_sided = weight, decay, one_sided
        for name in ("real", "fake", "updates"):
            self.register_buffer(name, torch.zeros(()))

    def critic_terms(self, turn: Turn) -> Terms:
        """The squared distances from the averages of the updates before this one; 0 in the first."""
        real, fake = turn.both_scores
        bias = (1 - self.decay**self.updates).clamp(min=1e-6)
        above, below = real["score"] - self.fake / bias, self.real / bias - fake["score"]
        squares = [(relu(excess) if self.one_sided else excess).square().mean() for excess in (above, below)]
        return {"lecam": self.weight * ((self.updates > 0) * (squares[0] + squares[1]))}

    def after(self, turn: Turn) -> None:
        """Move the averages."""
        if turn.side == "critic":
            self.real.lerp_(turn.mean(turn.real_scores["score"]).type_as(self.real), 1 - self.decay)
            self.fake.lerp_(turn.mean(turn.fake_scores["score"]).type_as(self.fake), 1 - self.decay)
            self.updates.add_(1)
