"""The networks of DCGAN (Radford et al., 2016, arXiv:1511.06434), for images of many sizes.

Each of S stages doubles (generator) or halves (critic) the sides, between a base of 4 x 4 (7 x 7 for 28 pixels, 4 x 8 for 64 x 128)
and the image. The stage nearest the image has ``width`` channels, each one further inwards twice as many:

    64 pixels, width 64, as in pytorch/examples:  512 x 4 x 4 <-> 256 x 8 x 8 <-> 128 x 16 x 16 <-> 64 x 32 x 32 <-> image
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

from ganzoo_layers.sizes import halvings
from torch import Tensor, nn

from ganzoo import Critic, DataSpec, Fields, Generator, NonNegativeInt, PositiveFloat, PositiveInt, Scores

Norm = Literal["batch", "layer", "instance", "none"]
PAPER = "Radford et al., 2016, arXiv:1511.06434; 4 x 4 kernels and widths as in pytorch/examples"


class DCGANGenerator(Generator):
    """Transposed convolutions from "latent" (N, L) to "sample" (N, C, H, W) in [-1, 1].

    Args:
        latent_dim: length L of the noise vector, drawn from a standard normal.
        width: channels of the stage nearest the image; each stage further inwards has twice as many.
        norm: after each layer but the last. batch; layer: over all of C, H, W; instance: each channel by itself; none.
        init_std: standard deviation of the initial weights, N(0, init_std), and of the norm's gains, N(1, init_std).
    """

    paper = PAPER

    def __init__(
        self,
        data: DataSpec,
        *,
        latent_dim: PositiveInt = 100,
        width: PositiveInt = 64,
        norm: Norm = "batch",
        init_std: PositiveFloat = 0.02,
    ) -> None:
        super().__init__()
        base, widths = plan(data, width, "generator")
        widths = widths[::-1]  # from the base to the image
        self.latent_dim = latent_dim
        # A linear layer onto (C, base, base): the same map as a transposed convolution of a 1 x 1 latent, and faster.
        layers: list[nn.Module] = [
            nn.Linear(latent_dim, widths[0] * math.prod(base), bias=norm == "none"),
            nn.Unflatten(1, (widths[0], *base)),
            *normalisation(norm, widths[0]),
            nn.ReLU(inplace=True),
        ]
        for before, after in pairwise(widths):
            layers += [
                nn.ConvTranspose2d(before, after, kernel_size=4, stride=2, padding=1, bias=norm == "none"),
                *normalisation(norm, after),
                nn.ReLU(inplace=True),
            ]
        layers += [nn.ConvTranspose2d(widths[-1], data.shape[0], kernel_size=4, stride=2, padding=1, bias=norm == "none"), nn.Tanh()]
        self.net = nn.Sequential(*layers)
        initialise_(self, init_std)

    def forward(self, latent: Tensor) -> Fields:
        """Make images.

        Args:
            latent: noise (N, L).

        Returns:
            "sample" (N, C, H, W) in [-1, 1].
        """
        return {"sample": self.net(latent)}


class DCGANCritic(Critic):
    """Strided convolutions from "sample" (N, C, H, W) in [-1, 1] to one raw "score" (N,).

    Args:
        width: channels of the stage nearest the image; each stage further inwards has twice as many.
        norm: after each convolution but the first and the last. batch makes scores depend on the whole batch, so a
            gradient penalty needs layer: over all of C, H, W; instance: each channel by itself; or none.
        hidden: units of a linear layer before the score, so that what is seen in one place is judged by the others; 0: none, as published.
            batch normalises it, too.
        init_std: standard deviation of the initial weights, N(0, init_std), and of the norm's gains, N(1, init_std).
    """

    paper = PAPER

    def __init__(
        self, data: DataSpec, *, width: PositiveInt = 64, norm: Norm = "batch", hidden: NonNegativeInt = 0, init_std: PositiveFloat = 0.02
    ) -> None:
        super().__init__()
        base, widths = plan(data, width, "critic")
        self.norm, self.mixes_batch = norm, norm == "batch" and len(widths) > 1
        layers: list[nn.Module] = []
        for before, after in zip([data.shape[0], *widths], widths, strict=False):
            first = not layers
            layers += [
                nn.Conv2d(before, after, kernel_size=4, stride=2, padding=1, bias=norm == "none"),
                *([] if first else normalisation(norm, after)),
                nn.LeakyReLU(0.2, inplace=True),
            ]
        # (N, C, *base) -> (N, 1) -> (N,): the same map as a convolution over the whole window, and faster.
        features = widths[-1] * math.prod(base)
        layers += [nn.Flatten()]
        if hidden:
            layers += [nn.Linear(features, hidden), *([nn.BatchNorm1d(hidden)] if norm == "batch" else []), nn.LeakyReLU(0.2)]
        layers += [nn.Linear(hidden or features, 1, bias=norm == "none"), nn.Flatten(0)]
        self.net = nn.Sequential(*layers)
        initialise_(self, init_std)

    def forward(self, sample: Tensor) -> Scores:
        """Judge images.

        Args:
            sample: (N, C, H, W) in [-1, 1].

        Returns:
            Raw "score" (N,).
        """
        return {"score": self.net(sample)}


def plan(data: DataSpec, width: int, role: str) -> tuple[tuple[int, int], list[int]]:
    """Rows and columns of the innermost feature map, and the channels of each stage from the image inwards.

    Raises:
        UserError: where ``data`` is not an image of a size that halves down to the base.
    """
    base, stages = halvings(data, f"{role} dcgan")
    return base, [width * 2**stage for stage in range(stages)]


def normalisation(norm: Norm, channels: int) -> list[nn.Module]:
    """The layer that normalises ``channels`` channels; none for "none"."""
    if norm == "batch":
        return [nn.BatchNorm2d(channels)]
    if norm == "layer":
        return [nn.GroupNorm(1, channels)]
    if norm == "instance":
        return [nn.InstanceNorm2d(channels, affine=True)]
    return []


def initialise_(network: nn.Module, std: float) -> None:
    """The paper's initialisation: weights N(0, std), gains N(1, std), biases 0."""
    for module in network.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(module.weight, 0.0, std)
        elif isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d)):
            nn.init.normal_(module.weight, 1.0, std)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
