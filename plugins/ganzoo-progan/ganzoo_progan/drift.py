"""What keeps the scores of real samples near 0 (Karras et al., 2018, arXiv:1710.10196).

critic:  weight * mean r^2

with r the raw scores of real samples. A Wasserstein loss leaves their level free.
"""

from __future__ import annotations

from ganzoo import DataSpec, Loss, NonNegativeFloat, Terms, Turn

from .stages import PAPER


class ScoreDrift(Loss):
    """Keeps the scores of real samples near 0, which a Wasserstein loss leaves free.

    Args:
        weight: factor on the penalty.
    """

    paper = PAPER
    scores = frozenset({"score"})

    def __init__(self, data: DataSpec, *, weight: NonNegativeFloat = 1e-3) -> None:
        super().__init__()
        self.weight = weight

    def critic_terms(self, turn: Turn) -> Terms:
        """The mean square."""
        return {"score_drift": self.weight * turn.real_scores["score"].square().mean()}
