"""The Wasserstein GAN's loss, on the critic's raw scores r (real) and f (fake).

critic:     mean f - mean r
generator:  -mean f

A distance only while the critic is Lipschitz: add a constraint (``weight_clip``) or a penalty (``gradient_penalty``).
Arjovsky et al., 2017, arXiv:1701.07875.
"""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge

from ganzoo import DataSpec, Loss, Scheduled, Terms, Turn


class Wasserstein(Loss):
    """The critic estimates the earth mover's distance between data and fakes, which the generator reduces.

    Args:
        weight: factor on both sides.
    """

    paper = "Arjovsky et al., 2017, arXiv:1701.07875"
    scores = frozenset({"score"})

    def __init__(self, data: DataSpec, *, weight: Annotated[Scheduled, Ge(0)] = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def critic_terms(self, turn: Turn) -> Terms:
        """``mean f - mean r``."""
        real, fake = turn.both_scores
        return {"adversarial": self.weight * (fake["score"].mean() - real["score"].mean())}

    def generator_terms(self, turn: Turn) -> Terms:
        """``-mean f``."""
        return {"adversarial": -self.weight * turn.fake_scores["score"].mean()}

    def estimates(self, turn: Turn) -> Terms:
        """The distance as the critic sees it: at most the data's, times the critic's Lipschitz constant."""
        return {"wasserstein_estimate": turn.real_scores["score"].mean() - turn.fake_scores["score"].mean()}
