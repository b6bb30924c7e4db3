"""Feature matching: fakes have the critic's features of real samples, on average.

critic:     mean softplus(-r) + mean softplus(f)
generator:  |mean h(x) - mean h(G(z))|^2

with h the features of a hidden layer of the critic, r and f its raw scores. Salimans et al., 2016, arXiv:1606.03498.
"""

from __future__ import annotations

from torch.nn.functional import softplus

from ganzoo import DataSpec, Loss, NonNegativeFloat, Terms, Turn


class FeatureMatching(Loss):
    """A whole objective, of a critic that gives "features" (N, F): it learns by cross entropy, the generator by its features.

    Args:
        weight: factor on the generator's side.
    """

    paper = "Salimans et al., 2016, arXiv:1606.03498"
    scores = frozenset({"score", "features"})
    mixes_batch = True

    def __init__(self, data: DataSpec, *, weight: NonNegativeFloat = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def critic_terms(self, turn: Turn) -> Terms:
        """Cross entropy on the scores."""
        real, fake = turn.both_scores
        return {"adversarial": softplus(-real["score"]).mean() + softplus(fake["score"]).mean()}

    def generator_terms(self, turn: Turn) -> Terms:
        """The squared distance of the mean features: summed over features, averaged over samples before the square."""
        gap = turn.mean(turn.real_scores["features"], dim=0) - turn.mean(turn.fake_scores["features"], dim=0)
        return {"adversarial": self.weight * gap.square().sum()}
