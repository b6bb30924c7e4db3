"""Least squares GAN, on the critic's raw scores r (real) and f (fake).

critic:     1/2 mean (r - b)^2 + 1/2 mean (f - a)^2
generator:  1/2 mean (f - c)^2

Mao et al., 2017, arXiv:1611.04076: the objectives of LSGAN with the coding a, b and c.
"""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge
from torch import Tensor

from ganzoo import DataSpec, Loss, Scheduled, Terms, Turn


class LeastSquares(Loss):
    """Scores are regressed onto targets, so a fake far on the right side is still pulled to the data.

    The defaults are the paper's 0-1 coding. With b - c = 1 and b - a = 2 (a=-1, b=1, c=0) an optimal critic makes the
    generator minimise a Pearson chi-squared divergence.

    Args:
        a: the critic's target for fakes.
        b: the critic's target for real samples.
        c: the score that the generator wants for its fakes.
        weight: factor on both sides.
    """

    paper = "Mao et al., 2017, arXiv:1611.04076"
    scores = frozenset({"score"})

    def __init__(
        self, data: DataSpec, *, a: float = 0.0, b: float = 1.0, c: float = 1.0, weight: Annotated[Scheduled, Ge(0)] = 1.0
    ) -> None:
        super().__init__()
        self.a, self.b, self.c, self.weight = a, b, c, weight

    def critic_terms(self, turn: Turn) -> Terms:
        """Real scores to ``b``, fake scores to ``a``."""
        real, fake = turn.both_scores
        return {"adversarial": self.weight * (half_squares(real["score"], self.b) + half_squares(fake["score"], self.a))}

    def generator_terms(self, turn: Turn) -> Terms:
        """Fake scores to ``c``."""
        return {"adversarial": self.weight * half_squares(turn.fake_scores["score"], self.c)}


def half_squares(score: Tensor, target: float) -> Tensor:
    """Half the mean squared distance of scores (N, *) from a target."""
    return (score - target).square().mean() / 2
