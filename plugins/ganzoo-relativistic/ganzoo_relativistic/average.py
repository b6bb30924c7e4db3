"""The relativistic average GAN (RaGAN), on the critic's raw scores r (real) and f (fake).

critic:     1/2 mean softplus(-(r - mean f)) + 1/2 mean softplus(f - mean r)
generator:  1/2 mean softplus(r - mean f) + 1/2 mean softplus(-(f - mean r))

Jolicoeur-Martineau, 2019, arXiv:1807.00734; the halves as in the author's code (AlexiaJM/RelativisticGAN).
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn.functional import softplus

from ganzoo import DataSpec, Loss, NonNegativeFloat, Terms, Turn


class RelativisticAverage(Loss):
    """Each score is compared with the mean of the other side's; the generator swaps the roles of the two sides.

    Args:
        weight: factor on both sides.
    """

    paper = "Jolicoeur-Martineau, 2019, arXiv:1807.00734"
    scores = frozenset({"score"})
    mixes_batch = True

    def __init__(self, data: DataSpec, *, weight: NonNegativeFloat = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def critic_terms(self, turn: Turn) -> Terms:
        """Real scores above the mean fake one, fake scores below the mean real one."""
        real, fake = turn.both_scores
        return {"adversarial": self.weight * above_average(real["score"], fake["score"], turn.mean)}

    def generator_terms(self, turn: Turn) -> Terms:
        """The reverse: the gradient comes through the fakes and through their mean."""
        return {"adversarial": self.weight * above_average(turn.fake_scores["score"], turn.real_scores["score"], turn.mean)}


def above_average(upper: Tensor, lower: Tensor, mean: Callable[[Tensor], Tensor]) -> Tensor:
    """The loss of scores (N, *) that ought to be ``upper`` than the others' mean, and of those that ought to be ``lower``."""
    return (softplus(mean(lower) - upper).mean() + softplus(lower - mean(upper)).mean()) / 2
