"""BEGAN: reconstruction errors L = -score, and a balance k between real samples x and fakes G(z).

critic:     mean L(x) - k mean L(G(z))
generator:  mean L(G(z))

k <- clip(k + rate (gamma mean L(x) - mean L(G(z))), 0, 1) after each critic update, from 0. Berthelot et al., 2017, arXiv:1703.10717.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo import DataSpec, Fraction, Loss, NonNegativeFloat, Terms, Turn


class BEGAN(Loss):
    """Holds the error of fakes at ``gamma`` times that of real samples; made for critics that reconstruct.

    Args:
        gamma: diversity: less makes better and fewer kinds of samples.
        rate: of k.
        weight: factor on both sides.
    """

    paper = "Berthelot et al., 2017, arXiv:1703.10717"
    scores = frozenset({"score"})
    k: Tensor

    def __init__(self, data: DataSpec, *, gamma: Fraction = 0.5, rate: NonNegativeFloat = 0.001, weight: NonNegativeFloat = 1.0) -> None:
        super().__init__()
        self.gamma, self.rate, self.weight = gamma, rate, weight
        self.register_buffer("k", torch.zeros(()))

    def critic_terms(self, turn: Turn) -> Terms:
        """Reconstruct real samples well, and fakes badly as far as k says."""
        real, fake = turn.both_scores
        return {"adversarial": self.weight * (self.k * fake["score"].mean() - real["score"].mean())}

    def generator_terms(self, turn: Turn) -> Terms:
        """Make fakes that are reconstructed well."""
        return {"adversarial": -self.weight * turn.fake_scores["score"].mean()}

    def estimates(self, turn: Turn) -> Terms:
        """The paper's measure of convergence, L(x) + |gamma L(x) - L(G(z))|, and k."""
        return {"convergence": -turn.real_scores["score"].mean() + self._imbalance(turn).abs(), "k": self.k.clone()}

    def after(self, turn: Turn) -> None:
        """Move k."""
        if turn.side == "critic":
            self.k.add_(self.rate * self._imbalance(turn)).clamp_(0, 1)

    def _imbalance(self, turn: Turn) -> Tensor:
        return turn.fake_scores["score"].mean() - self.gamma * turn.real_scores["score"].mean()
