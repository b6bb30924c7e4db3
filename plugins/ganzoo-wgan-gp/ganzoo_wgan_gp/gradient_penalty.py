"""The gradient penalty of WGAN-GP: the critic's gradient has norm 1 between data and fakes.

critic:  weight * mean (|grad D(x_hat)| - target)^2,    x_hat = eps x + (1 - eps) G(z),  eps ~ U(0, 1) for each sample

The norm is over all values of one sample. One-sided: max(0, |grad D(x_hat)| - target)^2. Gulrajani et al., 2017,
arXiv:1704.00028, equation 3 and section 4.
"""

from __future__ import annotations

from typing import Annotated

import torch
from annotated_types import Ge
from torch import Tensor
from torch.nn.functional import relu

from ganzoo import DataSpec, Loss, NonNegativeFloat, Scheduled, Terms, Turn

from .gradients import score_gradients


class GradientPenalty(Loss):
    """Keeps the critic near Lipschitz constant ``target``; added to ``wasserstein`` or to any other loss.

    Args:
        weight: factor on the penalty; the paper's 10. The authors' program for 2-D points has 0.1.
        target: the gradient norm wanted.
        one_sided: true punishes only norms above the target.
    """

    paper = "Gulrajani et al., 2017, arXiv:1704.00028"
    scores = frozenset({"score"})
    per_sample = True

    def __init__(
        self, data: DataSpec, *, weight: Annotated[Scheduled, Ge(0)] = 10.0, target: NonNegativeFloat = 1.0, one_sided: bool = False
    ) -> None:
        super().__init__()
        self.weight, self.target, self.one_sided = weight, target, one_sided

    def critic_terms(self, turn: Turn) -> Terms:
        """The penalty at one random point between each real sample and its fake."""
        real, fake, names = turn.real, turn.fake, turn.compared
        between = interpolate([real[name] for name in names], [fake[name] for name in names])
        gradients = score_gradients(turn, fake | dict(zip(names, between, strict=True)))
        # vector_norm has the gradient 0 at 0, where sqrt(sum of squares) would have none
        excess = torch.linalg.vector_norm(gradients, dim=1) - self.target
        return {"gradient_penalty": self.weight * (relu(excess) if self.one_sided else excess).square().mean()}


def interpolate(reals: list[Tensor], fakes: list[Tensor]) -> list[Tensor]:
    """``eps * real + (1 - eps) * fake`` of each field (N, *shape), with an eps of its own for each sample."""
    eps = torch.rand(len(reals[0]), device=reals[0].device, dtype=reals[0].dtype)
    weights = [eps.reshape(-1, *[1] * (real.dim() - 1)) for real in reals]
    return [weight * real + (1 - weight) * fake for weight, real, fake in zip(weights, reals, fakes, strict=True)]
