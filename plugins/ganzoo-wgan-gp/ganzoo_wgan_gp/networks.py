"""The residual networks of WGAN-GP (Gulrajani et al., 2017, arXiv:1704.00028), for images of many sizes.

Two families, after the authors' code (igul222/improved_wgan_training):

- below 64 pixels (that of 32, gan_cifar_resnet.py): every block has ``width`` channels, the critic ends in a mean over the window;
- from 64 pixels on (that of 64, gan_64x64.py): ``width`` channels at the image, doubled at each halving but the last, and the
  critic ends in a linear layer over a 4 x 4 window.

The innermost window of the generator is 4 x 4 (7 x 7 for 28 pixels, 4 x 8 for 64 x 128).
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

from ganzoo_layers.sizes import halvings
from torch import Tensor, nn

from ganzoo import Critic, DataSpec, Fields, Generator, PositiveInt, Scores

from .blocks import Norm, ResidualBlock, convolution, linear, normalisation

PAPER = "Gulrajani et al., 2017, arXiv:1704.00028; sizes as in igul222/improved_wgan_training"


class ResNetGenerator(Generator):
    """Residual blocks from "latent" (N, L) to "sample" (N, C, H, W) in [-1, 1], with batch norm.

    Args:
        latent_dim: length L of the noise vector, drawn from a standard normal.
        width: channels of the block nearest the image; the paper has 128 at 32 pixels and 64 at 64 pixels.
    """

    paper = PAPER

    def __init__(self, data: DataSpec, *, latent_dim: PositiveInt = 128, width: PositiveInt = 64) -> None:
        super().__init__()
        base, widths = plan(data, width, "generator")
        widths = widths[::-1]  # from the base to the image
        self.latent_dim = latent_dim
        self.net = nn.Sequential(
            linear(latent_dim, widths[0] * math.prod(base)),
            nn.Unflatten(1, (widths[0], *base)),
            *[ResidualBlock(before, after, "up", "batch") for before, after in pairwise(widths)],
            *normalisation("batch", widths[-1]),
            nn.ReLU(inplace=True),
            convolution(widths[-1], data.shape[0], 3),
            nn.Tanh(),
        )

    def forward(self, latent: Tensor) -> Fields:
        """Make images.

        Args:
            latent: noise (N, L).

        Returns:
            "sample" (N, C, H, W) in [-1, 1].
        """
        return {"sample": self.net(latent)}


class ResNetCritic(Critic):
    """Residual blocks from "sample" (N, C, H, W) in [-1, 1] to one raw "score" (N,).

    Args:
        width: channels of the block nearest the image; the paper has 128 at 32 pixels and 64 at 64 pixels.
        norm: before each activation. layer: over all of C, H, W, as the authors have it at 64 pixels; none, as they
            have it at 32 pixels.
    """

    paper = PAPER

    def __init__(self, data: DataSpec, *, width: PositiveInt = 64, norm: Literal["layer", "none"] = "layer") -> None:
        super().__init__()
        base, widths = plan(data, width, "critic")
        self.norm = norm
        layers = small_critic(data.shape[0], width, norm) if is_small(data) else large_critic(data.shape[0], widths, base, norm)
        self.net = nn.Sequential(*layers, nn.Flatten(0))  # (N, 1) -> (N,)

    def forward(self, sample: Tensor) -> Scores:
        """Judge images.

        Args:
            sample: (N, C, H, W) in [-1, 1].

        Returns:
            Raw "score" (N,).
        """
        return {"score": self.net(sample)}


def small_critic(channels: int, width: int, norm: Norm) -> list[nn.Module]:
    """Two halvings, two blocks at that size and a mean over the window: the authors' critic for CIFAR-10."""
    return [
        ResidualBlock(channels, width, "down", "none", of_image=True),
        ResidualBlock(width, width, "down", norm),
        ResidualBlock(width, width, "same", norm),
        ResidualBlock(width, width, "same", norm),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        linear(width, 1),
    ]


def large_critic(channels: int, widths: list[int], base: tuple[int, int], norm: Norm) -> list[nn.Module]:
    """One halving for each step of ``widths`` and a linear layer over what is left: the authors' critic for 64 pixels."""
    return [
        convolution(channels, widths[0], 3, he_init=False),
        *[ResidualBlock(before, after, "down", norm) for before, after in pairwise(widths)],
        nn.Flatten(),
        linear(widths[-1] * math.prod(base), 1),
    ]


def plan(data: DataSpec, width: int, role: str) -> tuple[tuple[int, int], list[int]]:
    """Rows and columns of the innermost window, and the channels at each size from the image inwards: one more than halvings.

    Raises:
        UserError: where ``data`` is not an image of a size that halves down to the base.
    """
    base, times = halvings(data, f"{role} resnet")
    return base, [width if is_small(data) else width * 2 ** min(i, times - 1) for i in range(times + 1)]


def is_small(data: DataSpec) -> bool:
    """Whether images are of the first family."""
    return min(data.shape[-2:]) < 64
