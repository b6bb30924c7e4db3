"""EBGAN's loss: real samples get a low energy, fakes at least a margin.

critic:     mean E(x) + mean max(0, margin - E(G(z)))
generator:  mean E(G(z))

with the energy E = -score. Zhao et al., 2017, arXiv:1609.03126.
"""

from __future__ import annotations

from torch.nn.functional import relu

from ganzoo import DataSpec, Loss, NonNegativeFloat, Terms, Turn


class EnergyMargin(Loss):
    """For critics whose score is minus an energy, such as `autoencoder`, or `began_autoencoder` of ganzoo-began.

    Args:
        margin: the energy from which on a fake is pushed no further; about what the energy of real samples falls to.
    """

    paper = "Zhao et al., 2017, arXiv:1609.03126"
    scores = frozenset({"score"})

    def __init__(self, data: DataSpec, *, margin: NonNegativeFloat = 1.0) -> None:
        super().__init__()
        self.margin = margin

    def critic_terms(self, turn: Turn) -> Terms:
        """The energy of real samples, and what fakes lack to the margin."""
        real, fake = turn.both_scores
        return {"adversarial": relu(self.margin + fake["score"]).mean() - real["score"].mean()}

    def generator_terms(self, turn: Turn) -> Terms:
        """The energy of fakes."""
        return {"adversarial": -turn.fake_scores["score"].mean()}
