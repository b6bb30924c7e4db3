"""The U-Net of pix2pix (Isola et al., 2017, arXiv:1611.07004), for images of any size that can be halved.

``depth`` convolutions of stride 2 lead down, as many transposed ones back up; each step up also gets what the step down left at
that size. All kernels are 4 x 4. For 256 pixels and the default width:

    down  64 x 128 x 128 -> 128 x 64 x 64 -> 256 x 32 x 32 -> 512 x 16 x 16 -> 512 x 8 x 8 -> ... -> 512 x 1 x 1
    up    512 x 2 x 2 -> ... -> 512 x 16 x 16 -> 256 x 32 x 32 -> 128 x 64 x 64 -> 64 x 128 x 128 -> image
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

import torch
from annotated_types import Ge, Le, Lt
from ganzoo_layers.sizes import nearest
from torch import Tensor, nn

from ganzoo import DataSpec, Fields, Generator, PositiveInt, UserError

Norm: TypeAlias = Literal["batch", "instance"]
DEEPEST = 8
"""Halvings of the paper's 256 pixels."""
WIDEST = 8
"""Channels stop doubling at this many times the width."""
DROPPED = 3
"""Steps up, the first ones, whose outputs are dropped at random."""


class UNet(Generator):
    """From "source" (N, C, H, W) in [-1, 1] to "sample" of the same rows and columns.

    Args:
        width: channels of the step nearest the image; each step further down has twice as many, up to eight times.
        depth: how many times the image is halved; null: as often as it can be, at most 8 times.
        norm: of all steps but the first and the last of either way. instance: each channel of each image by itself, which is what
            batch norm over the paper's batch of one does, in training and when used; batch: over the batch, and averages when used.
        dropout: probability with which values of the first three steps up are dropped in training.
    """

    paper = "Isola et al., 2017, arXiv:1611.07004"

    def __init__(
        self,
        data: DataSpec,
        *,
        width: PositiveInt = 64,
        depth: Annotated[int, Ge(2), Le(12)] | None = None,
        norm: Norm = "instance",
        dropout: Annotated[float, Ge(0), Lt(1)] = 0.5,
    ) -> None:
        super().__init__()
        source = data.fields.get("source", ())
        steps = halvings(source, data.shape, depth)
        widths = [width * min(2**step, WIDEST) for step in range(steps)]
        down, up = [source[0], *widths], [data.shape[0], *widths]
        last = steps - 1
        self.down = nn.ModuleList(
            nn.Sequential(
                *([nn.LeakyReLU(0.2)] if step else []),
                nn.Conv2d(down[step], down[step + 1], 4, 2, 1, bias=False),
                *([normalisation(norm, down[step + 1])] if 0 < step < last else []),
            )
            for step in range(steps)
        )
        self.up = nn.ModuleList(
            nn.Sequential(
                nn.ReLU(),
                nn.ConvTranspose2d(up[step + 1] * (1 if step == last else 2), up[step], 4, 2, 1, bias=not step),
                *([normalisation(norm, up[step])] if step else [nn.Tanh()]),
                *([nn.Dropout(dropout)] if dropout and step and last - step < DROPPED else []),
            )
            for step in reversed(range(steps))
        )
        initialise_(self)

    def forward(self, source: Tensor) -> Fields:
        """Translate images (N, C, H, W) in [-1, 1]: "sample" likewise."""
        left = [source]
        for step in self.down:
            left.append(step(left[-1]))
        made = left.pop()
        for step in self.up:
            made = step(made)
            made = torch.cat([made, left.pop()], dim=1) if len(left) > 1 else made
        return {"sample": made}


def halvings(source: Sequence[int], sample: Sequence[int], depth: int | None) -> int:
    """How many times the images are halved.

    Raises:
        UserError: where there is no source of the sample's size, or it cannot be halved so often.
    """
    if len(source) != 3 or len(sample) != 3 or tuple(source[1:]) != tuple(sample[1:]):
        has = f"'source' of {tuple(source)} and 'sample' of {tuple(sample)}" if source else "no field 'source'"
        raise UserError(
            f"generator unet wants source and sample of one size; this data has {has}", "choose data of pairs, such as 'paired'"
        )
    edges = source[1:]
    most = min((edge & -edge).bit_length() - 1 for edge in edges)  # powers of two in it
    steps = min(most, DEEPEST) if depth is None else depth
    if not 2 <= steps <= most:
        what = f"generator unet halves images {max(steps, 2)} times, and {edges[0]} x {edges[1]} pixels can be halved {most} times"
        raise UserError(
            what, f"make them {nearest(edges, 2 ** max(steps, 2))}, the nearest sizes" + (", or take a smaller depth" if most > 1 else "")
        )
    return steps


def normalisation(norm: Norm, channels: int) -> nn.Module:
    """Either with a gain and a bias a channel."""
    return nn.BatchNorm2d(channels) if norm == "batch" else nn.InstanceNorm2d(channels, affine=True)


def initialise_(network: nn.Module) -> None:
    """Weights N(0, 0.02), gains N(1, 0.02), biases 0, as in the authors' code."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, (nn.BatchNorm2d, nn.InstanceNorm2d)):
            nn.init.normal_(module.weight, 1.0, 0.02)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
