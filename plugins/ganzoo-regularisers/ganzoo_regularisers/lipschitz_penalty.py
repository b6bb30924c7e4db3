"""The Lipschitz penalty of WGAN-LP: only gradients that are too large are punished.

critic:  weight * mean max(0, |grad D(x_hat)| - 1)^2,    x_hat = eps x + (1 - eps) G(z),  eps ~ U(0, 1) for each sample

Petzka et al., 2018, arXiv:1709.08894.
"""

from __future__ import annotations

from torch.nn.functional import relu

from ganzoo import DataSpec, Loss, NonNegativeFloat, Terms, Turn

from .gradients import gradient_norms


class LipschitzPenalty(Loss):
    """Allows the critic any Lipschitz constant up to 1; added to ``wasserstein``.

    Args:
        weight: factor on the penalty.
    """

    paper = "Petzka et al., 2018, arXiv:1709.08894"
    scores = frozenset({"score"})
    per_sample = True

    def __init__(self, data: DataSpec, *, weight: NonNegativeFloat = 10.0) -> None:
        super().__init__()
        self.weight = weight

    def critic_terms(self, turn: Turn) -> Terms:
        """The penalty at one random point between each real sample and its fake."""
        return {"lipschitz_penalty": self.weight * relu(gradient_norms(turn) - 1).square().mean()}
