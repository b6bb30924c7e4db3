"""R3GAN's generators: no normalisation, no mapping network, no noise, no tanh (Huang et al., 2025, arXiv:2501.05441; brownvc/R3GAN)."""

from __future__ import annotations

from itertools import pairwise

import torch
from ganzoo_layers.blur import Upsample
from ganzoo_layers.sizes import labelled
from torch import Tensor, nn

from ganzoo import DataSpec, Fields, Generator, PositiveInt

from .blocks import PAPER, initialised, plan, transition


class R3Generator(Generator):
    """A learned map scaled by the latent, then residual blocks at each size: "latent" (N, L) to "sample" (N, C, H, W).

    Samples lie in [-1, 1] in evaluation mode, where they are cut off; training sees them as the last convolution makes them.

    Args:
        latent_dim: length L of the noise vector, drawn from a standard normal.
        width: channels up to 32 pixels; half as many at each size beyond.
        blocks: residual blocks at each size.
        group: channels of a group of the 3 x 3 convolutions.
    """

    paper = PAPER
    conditional = False

    def __init__(
        self, data: DataSpec, *, latent_dim: PositiveInt = 64, width: PositiveInt = 768, blocks: PositiveInt = 2, group: PositiveInt = 16
    ) -> None:
        super().__init__()
        who = f"generator {'r3gan_conditional' if self.conditional else 'r3gan'}"
        stages = plan(data, width, blocks, group, who)
        self.latent_dim = latent_dim
        embedded = latent_dim if self.conditional else 0
        if self.conditional:
            self.classes = initialised(nn.Embedding(labelled(data, who), embedded))
        self.basis = nn.Parameter(torch.randn(width, *stages.base))
        self.scales = initialised(nn.Linear(latent_dim + embedded, width, bias=False))
        layers = stages.residual(width)
        for before, after in pairwise(stages.widths):
            layers += [*transition(before, after), Upsample(), *stages.residual(after)]
        self.net = nn.Sequential(*layers, initialised(nn.Conv2d(stages.widths[-1], data.shape[0], 1, bias=False)))

    def make(self, latent: Tensor) -> Fields:
        """Images of latents, which have their class's embedding joined where there is one."""
        sample = self.net(self.scales(latent)[:, :, None, None] * self.basis)
        return {"sample": sample if self.training else sample.clamp(-1, 1)}

    def forward(self, latent: Tensor) -> Fields:
        """Make images.

        Args:
            latent: noise (N, L).

        Returns:
            "sample" (N, C, H, W), in [-1, 1] in evaluation mode.
        """
        return self.make(latent)


class ConditionalR3Generator(R3Generator):
    """The same with a "label" (N,), whose embedding of length L is joined to the latent.

    Args:
        latent_dim: length L of the noise vector, drawn from a standard normal.
        width: channels up to 32 pixels; half as many at each size beyond.
        blocks: residual blocks at each size.
        group: channels of a group of the 3 x 3 convolutions.
    """

    conditional = True

    def forward(self, latent: Tensor, label: Tensor) -> Fields:  # type: ignore[override]
        """Make an image of each label.

        Args:
            latent: noise (N, L).
            label: classes (N,) int64 in [0, K).

        Returns:
            "sample" (N, C, H, W), in [-1, 1] in evaluation mode.
        """
        return self.make(torch.cat([latent, self.classes(label)], dim=1))
