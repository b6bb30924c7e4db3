"""Unrolled GAN: the generator meets the critic as it will be after some steps of gradient descent.

critic:     C(theta) = mean softplus(-r) + mean softplus(f)
generator:  -C(theta_K),    theta_(k+1) = theta_k - rate grad C(theta_k),    theta_0 = theta

with r and f the raw scores by the parameters theta, and the gradient taken through all K steps. Metz et al., 2017, arXiv:1611.02163.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch.func import functional_call

from ganzoo import DataSpec, Loss, PositiveFloat, PositiveInt, Terms, Turn

from .objective import Objective, cross_entropy


class Unrolled(Loss):
    """A whole objective, minimax. The generator's turn costs K forwards of the critic and their second derivatives.

    Args:
        steps: K, how far the critic is unrolled.
        rate: of the gradient descent in these steps.
    """

    paper = "Metz et al., 2017, arXiv:1611.02163"
    scores = frozenset({"score"})
    mixes_batch = True
    example_parameters: ClassVar[dict[str, int]] = {"steps": 2}

    def __init__(self, data: DataSpec, *, steps: PositiveInt = 5, rate: PositiveFloat = 0.1) -> None:
        super().__init__()
        self.steps, self.rate = steps, rate

    def critic_terms(self, turn: Turn) -> Terms:
        """The cross entropy."""
        return {"adversarial": cross_entropy(*turn.both_scores)}

    def generator_terms(self, turn: Turn) -> Terms:
        """Minus the cross entropy of the unrolled critic."""
        objective = Objective(turn)
        parameters = {name: value.detach().requires_grad_() for name, value in objective.named_parameters()}
        # Buffers are copies: batch norm and spectral norm are to count no step that is only imagined.
        buffers = {name: value.clone() for name, value in objective.named_buffers()}
        for _ in range(self.steps):
            value = functional_call(objective, parameters | buffers, ())
            gradients = torch.autograd.grad(value, list(parameters.values()), create_graph=True, materialize_grads=True)
            moves = (turn.mean(gradient[None], dim=0) for gradient in gradients)  # over the processes that share the batch
            parameters = {name: old - self.rate * move for (name, old), move in zip(parameters.items(), moves, strict=True)}
        return {"adversarial": -functional_call(objective, parameters | buffers, ())}
