"""The Wasserstein divergence of WGAN-div: a penalty without a target.

critic:  weight * mean |grad D(x_hat)|^power,    x_hat = eps x + (1 - eps) G(z),  eps ~ U(0, 1) for each sample

Wu et al., 2018, arXiv:1712.01026.
"""

from __future__ import annotations

from ganzoo import DataSpec, Loss, NonNegativeFloat, PositiveInt, Terms, Turn

from .gradients import gradient_norms


class WGANDiv(Loss):
    """Bounds the critic's gradient softly, with no Lipschitz constant to meet; added to ``wasserstein``.

    Args:
        weight: factor on the penalty; the paper's k, 2.
        power: exponent of the gradient's norm; the paper's p, 6.
    """

    paper = "Wu et al., 2018, arXiv:1712.01026"
    scores = frozenset({"score"})
    per_sample = True

    def __init__(self, data: DataSpec, *, weight: NonNegativeFloat = 2.0, power: PositiveInt = 6) -> None:
        super().__init__()
        self.weight, self.power = weight, power

    def critic_terms(self, turn: Turn) -> Terms:
        """The penalty at one random point between each real sample and its fake."""
        return {"wgan_div": self.weight * gradient_norms(turn).pow(self.power).mean()}
