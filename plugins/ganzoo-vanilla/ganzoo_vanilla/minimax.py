"""The zero-sum game of the original GAN's theory, on the critic's raw scores r (real) and f (fake).

critic:     as in the non-saturating loss
generator:  -mean softplus(f) = mean log(1 - sigmoid(f))

Goodfellow et al., 2014, arXiv:1406.2661, equation 1.
"""

from __future__ import annotations

from torch.nn.functional import softplus

from ganzoo import Terms, Turn

from .non_saturating import NonSaturating


class Minimax(NonSaturating):
    """Both players play for the same value: the generator minimises log(1 - sigmoid(f)).

    Args:
        real_target: what the critic should say of real samples; below 1 (0.9) is one-sided label smoothing.
        fake_target: what the critic should say of fakes; above 0 smooths that side too.
        weight: factor on both sides.
    """

    paper = "Goodfellow et al., 2014, arXiv:1406.2661"

    def generator_terms(self, turn: Turn) -> Terms:
        """``-mean softplus(f)``: its gradient vanishes where the critic is sure of a fake."""
        return {"adversarial": -self.weight * softplus(turn.fake_scores["score"]).mean()}
