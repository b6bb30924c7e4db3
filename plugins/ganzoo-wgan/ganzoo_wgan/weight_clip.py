"""The Wasserstein GAN's constraint: after each critic update, every parameter w of the critic is clipped.

w <- min(max(w, -clip), clip)

This bounds the critic's Lipschitz constant. Arjovsky et al., 2017, arXiv:1701.07875, algorithm 1.
"""

from __future__ import annotations

import torch

from ganzoo import Critic, DataSpec, Loss, PositiveFloat


class WeightClip(Loss):
    """Clips all of the critic's parameters, batch norm gains and biases included, as the authors' code does.

    A critic whose weights are computed from others (spectral norm, equalised learning rate) is refused: clipping those bounds nothing.

    Args:
        clip: the largest magnitude that a parameter may keep.
    """

    paper = "Arjovsky et al., 2017, arXiv:1701.07875"

    def __init__(self, data: DataSpec, *, clip: PositiveFloat = 0.01) -> None:
        super().__init__()
        self.clip = clip

    @torch.no_grad()
    def constrain_(self, critic: Critic) -> None:
        """Clip in place, one parameter at a time: the foreach version is slower on a CPU."""
        for parameter in critic.parameters():
            parameter.clamp_(-self.clip, self.clip)
