"""The hinge loss, on the critic's raw scores r (real) and f (fake).

critic:     mean max(0, 1 - r) + mean max(0, 1 + f)
generator:  -mean f

Lim and Ye, 2017, arXiv:1705.02894; with spectral normalisation: Miyato et al., 2018, arXiv:1802.05957.
"""

from __future__ import annotations

from torch.nn.functional import relu

from ganzoo import DataSpec, Loss, NonNegativeFloat, Terms, Turn


class Hinge(Loss):
    """The critic learns from scores within the margin only; the generator raises its fakes' scores without one.

    Args:
        weight: factor on both sides.
    """

    paper = "Lim and Ye, 2017, arXiv:1705.02894; Miyato et al., 2018, arXiv:1802.05957"
    scores = frozenset({"score"})

    def __init__(self, data: DataSpec, *, weight: NonNegativeFloat = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def critic_terms(self, turn: Turn) -> Terms:
        """Real scores above 1, fake scores below -1."""
        real, fake = turn.both_scores
        return {"adversarial": self.weight * (relu(1 - real["score"]).mean() + relu(1 + fake["score"]).mean())}

    def generator_terms(self, turn: Turn) -> Terms:
        """``-mean f``: linear, so that a fake far from the data has the same gradient as a near one."""
        return {"adversarial": -self.weight * turn.fake_scores["score"].mean()}
