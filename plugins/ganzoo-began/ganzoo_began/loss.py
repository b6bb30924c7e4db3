"""BEGAN's loss: the errors of an autoencoder on real samples and on fakes are kept in a ratio.

critic:     mean L(x) - k mean L(G(z))
generator:  mean L(G(z))
k <- k + rate (gamma mean L(x) - mean L(G(z))), within [0, 1], after each critic update

with L = -score, the autoencoder's error. Berthelot et al., 2017, arXiv:1703.10717; as in carpedm20/BEGAN-tensorflow.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo import DataSpec, Fraction, Loss, Terms, Turn


class BoundaryEquilibrium(Loss):
    """For critics whose score is minus an error, as `began_autoencoder`, and `autoencoder` of ganzoo-ebgan. k starts at 0.

    Args:
        gamma: the ratio of the fakes' error to that of real samples; larger makes fakes more various, and worse.
        rate: of k.
    """

    paper = "Berthelot et al., 2017, arXiv:1703.10717"
    scores = frozenset({"score"})
    k: Tensor

    def __init__(self, data: DataSpec, *, gamma: Fraction = 0.5, rate: Fraction = 1e-3) -> None:
        super().__init__()
        self.gamma, self.rate = gamma, rate
        self.register_buffer("k", torch.zeros(()))

    def critic_terms(self, turn: Turn) -> Terms:
        """The error on real samples less k times that on fakes."""
        real, fake = turn.both_scores
        return {"adversarial": self.k * fake["score"].mean() - real["score"].mean()}

    def generator_terms(self, turn: Turn) -> Terms:
        """The error on fakes."""
        return {"adversarial": -turn.fake_scores["score"].mean()}

    def estimates(self, turn: Turn) -> Terms:
        """The measure of convergence M = L(x) + |gamma L(x) - L(G(z))|, and k."""
        real, balance = self._balance(turn)
        return {"convergence": real + balance.abs(), "k": self.k.clone()}

    def after(self, turn: Turn) -> None:
        """Move k."""
        if turn.side == "critic":
            _, balance = self._balance(turn)
            self.k.add_(self.rate * balance).clamp_(0, 1)

    def _balance(self, turn: Turn) -> tuple[Tensor, Tensor]:
        """The mean error on real samples, and how much gamma times it is above that on fakes."""
        real, fake = (-turn.mean(scores["score"].detach()) for scores in turn.both_scores)
        return real, self.gamma * real - fake
