"""DRAGAN: the critic's gradient has norm 1 around the data.

critic:  weight * mean (|grad D(x_hat)| - target)^2,    x_hat = x + alpha c std(x) u,  alpha ~ U(0, 1),  u ~ U(0, 1)

with c = noise, an alpha for each sample, a u for each of its values, std(x) over all values of the batch, and the norm over
all values of one sample. Kodali et al., 2017, arXiv:1705.07215.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo import DataSpec, Fields, Loss, NonNegativeFloat, Terms, Turn


class DRAGAN(Loss):
    """Keeps the critic smooth near real samples alone, whatever the fakes are; added to ``non_saturating``.

    Args:
        weight: factor on the penalty; the paper's 10.
        target: the gradient norm wanted.
        noise: size of the largest step away from a sample, in standard deviations of the batch.
    """

    paper = "Kodali et al., 2017, arXiv:1705.07215"
    scores = frozenset({"score"})
    per_sample = True
    mixes_batch = True

    def __init__(
        self, data: DataSpec, *, weight: NonNegativeFloat = 10.0, target: NonNegativeFloat = 1.0, noise: NonNegativeFloat = 0.5
    ) -> None:
        super().__init__()
        self.weight, self.target, self.noise = weight, target, noise

    def critic_terms(self, turn: Turn) -> Terms:
        """The penalty at one random point near each real sample."""
        real = turn.real["sample"]
        deviation = turn.mean((real - turn.mean(real)).square()).sqrt()  # of the whole batch, whatever share of it is here
        gradients = score_gradients(turn, turn.real | {"sample": around(real, self.noise * deviation)})
        return {"dragan": self.weight * (torch.linalg.vector_norm(gradients, dim=1) - self.target).square().mean()}


def around(real: Tensor, furthest: Tensor) -> Tensor:
    """A point near each of ``real`` (N, *shape): a uniform part of the way to the sample with up to ``furthest`` on every value."""
    alpha = torch.rand(len(real), *[1] * (real.dim() - 1), device=real.device, dtype=real.dtype)
    return real + alpha * furthest * torch.rand_like(real)


def score_gradients(turn: Turn, fields: Fields) -> Tensor:
    """Gradient of each sample's mean score with respect to that sample, (N, D), which can be differentiated again."""
    sample = fields["sample"].detach().requires_grad_()
    score = turn.judge(fields | {"sample": sample})["score"]
    (gradients,) = torch.autograd.grad(score.reshape(len(score), -1).mean(dim=1).sum(), sample, create_graph=True)
    return gradients.flatten(1)
