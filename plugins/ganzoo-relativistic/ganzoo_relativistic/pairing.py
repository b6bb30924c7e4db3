"""The relativistic GAN in pairs (RSGAN; RpGAN), on the critic's raw scores r (real) and f (fake) of one pair.

critic:     mean softplus(-(r - f)) = -mean log sigmoid(r - f)
generator:  mean softplus(-(f - r))

Jolicoeur-Martineau, 2019, arXiv:1807.00734.
"""

from __future__ import annotations

from torch.nn.functional import softplus

from ganzoo import DataSpec, Loss, NonNegativeFloat, Terms, Turn


class RelativisticPairing(Loss):
    """The critic says which of a pair is real; the generator makes it wrong, with real samples in its own turn too.

    Args:
        weight: factor on both sides.
    """

    paper = "Jolicoeur-Martineau, 2019, arXiv:1807.00734"
    scores = frozenset({"score"})

    def __init__(self, data: DataSpec, *, weight: NonNegativeFloat = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def critic_terms(self, turn: Turn) -> Terms:
        """Each real sample above the fake that it is paired with."""
        real, fake = turn.both_scores
        return {"adversarial": self.weight * softplus(fake["score"] - real["score"]).mean()}

    def generator_terms(self, turn: Turn) -> Terms:
        """Each fake above the real sample that it is paired with."""
        return {"adversarial": self.weight * softplus(turn.real_scores["score"] - turn.fake_scores["score"]).mean()}
