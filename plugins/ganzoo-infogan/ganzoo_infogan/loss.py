"""InfoGAN's bound: both players want the codes to be recognised in the samples made of them.

critic:     weight * mean [CE(q(G(z, c)), c_category) + 1/2 |m(G(z, c)) - c_continuous|^2]
generator:  the same

with q the critic's raw logits of the category, CE the cross entropy in nats, and m the mean of a normal of deviation 1: the mutual
information's lower bound, its sign turned and constants left out. Chen et al., 2016, arXiv:1606.03657.
"""

from __future__ import annotations

from ganzoo import DataSpec, Loss, NonNegativeFloat, Terms, Turn


class MutualInformation(Loss):
    """Added to an adversarial loss, for a generator that draws "category" (N, K), one-hot, and "continuous" (N, D).

    Args:
        category: factor on the term of the category.
        continuous: factor on the term of the continuous codes.
    """

    paper = "Chen et al., 2016, arXiv:1606.03657"
    reads = frozenset({"category", "continuous"})
    scores = frozenset({"category_logits", "continuous_mean"})

    def __init__(self, data: DataSpec, *, category: NonNegativeFloat = 1.0, continuous: NonNegativeFloat = 1.0) -> None:
        super().__init__()
        self.category, self.continuous = category, continuous

    def critic_terms(self, turn: Turn) -> Terms:
        """Recognise the codes of fakes; real samples have none."""
        n = len(turn.fake["sample"])
        logits = turn.fake_scores["category_logits"].reshape(n, -1)
        distance = turn.fake_scores["continuous_mean"].reshape(n, -1) - turn.fake["continuous"]
        return {
            "category": self.category * -(turn.fake["category"] * logits.log_softmax(dim=1)).sum(dim=1).mean(),
            "continuous": self.continuous * distance.square().sum(dim=1).mean() / 2,
        }

    def generator_terms(self, turn: Turn) -> Terms:
        """Make samples whose codes are recognised."""
        return self.critic_terms(turn)
