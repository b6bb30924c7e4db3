"""The Wasserstein GAN's constraint: after each critic update, every parameter w of the critic is clipped.

w <- min(max(w, -clip), clip)

This bounds the critic's Lipschitz constant. Arjovsky et al., 2017, arXiv:1701.07875, algorithm 1.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from ganzoo import Critic, DataSpec, Loss, PositiveFloat, UserError


class WeightClip(Loss):
    """Clips all of the critic's parameters, batch norm gains and biases included, as the authors' code does.

    Args:
        clip: the largest magnitude that a parameter may keep.
    """

    paper = "Arjovsky et al., 2017, arXiv:1701.07875"

    def __init__(self, data: DataSpec, *, clip: PositiveFloat = 0.01) -> None:
        super().__init__()
        self.clip = clip

    @torch.no_grad()
    def constrain_(self, critic: Critic) -> None:
        """Clip in place.

        Raises:
            UserError: where a layer computes its weight from other parameters (spectral norm), so that clipping those
                would not bound the weight.
        """
        for name, module in critic.named_modules():
            if computes_weight(module):
                raise UserError(
                    f"weight_clip cannot bound the critic's '{name}', whose weight is computed (spectral or weight norm)",
                    "use a critic with plain weights, or drop weight_clip",
                )
        for parameter in critic.parameters():  # one by one: the foreach version is slower on a CPU
            parameter.clamp_(-self.clip, self.clip)


def computes_weight(module: nn.Module) -> bool:
    """Whether a layer's weight is a function of other parameters, by today's way or by the older hook-based one."""
    return is_parametrized(module) or hasattr(module, "weight_orig") or hasattr(module, "weight_g")
