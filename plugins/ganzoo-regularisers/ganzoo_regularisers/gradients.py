"""Gradients of scores between data and fakes, for penalties on them."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo import Turn


def gradient_norms(turn: Turn) -> Tensor:
    """Norm (N,) of the gradient of each sample's mean score, over all values of the sample, at a random point from real to fake."""
    real, fake = turn.real["sample"], turn.fake["sample"]
    eps = torch.rand(len(real), *[1] * (real.dim() - 1), device=real.device, dtype=real.dtype)
    between = (eps * real + (1 - eps) * fake).detach().requires_grad_()
    score = turn.judge(turn.fake | {"sample": between})["score"]
    # Scores do not depend on each other's samples (per_sample), so the sum's gradient holds each one's own.
    (gradients,) = torch.autograd.grad(score.reshape(len(score), -1).mean(dim=1).sum(), between, create_graph=True)
    # vector_norm has the gradient 0 at 0, where sqrt(sum of squares) would have none.
    norms: Tensor = torch.linalg.vector_norm(gradients.flatten(1), dim=1)
    return norms
