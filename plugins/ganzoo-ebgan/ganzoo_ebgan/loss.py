"""The energy-based GAN, on the energies E = -score of real samples x and of fakes G(z).

critic:     mean E(x) + mean max(0, margin - E(G(z)))
generator:  mean E(G(z))

Zhao et al., 2017, arXiv:1609.03126.
"""

from __future__ import annotations

from torch.nn.functional import relu

from ganzoo import DataSpec, Loss, NonNegativeFloat, PositiveFloat, Terms, Turn


class EBGAN(Loss):
    """The critic gives real samples a low energy, and fakes one of at least the margin; made for critics that reconstruct.

    Args:
        margin: energy from which on a fake teaches the critic nothing; of the size of a bad reconstruction's.
        weight: factor on both sides.
    """

    paper = "Zhao et al., 2017, arXiv:1609.03126"
    scores = frozenset({"score"})

    def __init__(self, data: DataSpec, *, margin: PositiveFloat = 1.0, weight: NonNegativeFloat = 1.0) -> None:
        super().__init__()
        self.margin, self.weight = margin, weight

    def critic_terms(self, turn: Turn) -> Terms:
        """Low energies for real samples, the margin for fakes."""
        real, fake = turn.both_scores
        return {"adversarial": self.weight * (relu(self.margin + fake["score"]).mean() - real["score"].mean())}

    def generator_terms(self, turn: Turn) -> Terms:
        """Low energies for fakes: through the reconstruction and what it is compared with."""
        return {"adversarial": -self.weight * turn.fake_scores["score"].mean()}
