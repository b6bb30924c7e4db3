"""The critic of IcGAN (Perarnau et al., 2016, arXiv:1611.06355): attributes join behind the first layer.

For 64 pixels and the default width:

    image -> 64 x 32 x 32, joined with the attributes everywhere -> 128 x 16 x 16 -> 256 x 8 x 8 -> 512 x 4 x 4 -> raw score

Layers as in Guim3/IcGAN.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from ganzoo_layers.sizes import halvings
from torch import Tensor, nn

from ganzoo import Critic, DataSpec, PositiveInt, Scores

from .attributes import exclusive
from .generator import PAPER, initialised


class IcGANCritic(Critic):
    """A raw "score" (N,) of "sample" (N, C, H, W) in [-1, 1] with "attributes" (N, A).

    Args:
        width: channels of the layer nearest the image; each one further inwards has twice as many.
        norm: after each layer but the first and the last. batch, as published, makes scores depend on the whole batch; none.
    """

    paper = PAPER

    def __init__(self, data: DataSpec, *, width: PositiveInt = 64, norm: Literal["batch", "none"] = "batch") -> None:
        super().__init__()
        exclusive(data, "critic icgan")
        innermost, times = halvings(data, "critic icgan", base=4, least=1)
        self.norm, self.mixes_batch = norm, norm == "batch" and times > 1
        (attributes,), widths = data.fields["attributes"], [width << i for i in range(times)]
        self.first = initialised(nn.Sequential(nn.Conv2d(data.shape[0], width, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)))
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers.append(nn.Conv2d(before if layers else before + attributes, after, 4, 2, 1))
            layers += [*([nn.BatchNorm2d(after)] if norm == "batch" else []), nn.LeakyReLU(0.2, inplace=True)]
        last = nn.Conv2d(widths[-1] if layers else width + attributes, 1, innermost)
        self.net = initialised(nn.Sequential(*layers, last, nn.Flatten(0)))

    def forward(self, sample: Tensor, attributes: Tensor) -> Scores:
        """Judge images with their attributes."""
        features = self.first(sample)
        everywhere = attributes[:, :, None, None].expand(-1, -1, *features.shape[2:])
        return {"score": self.net(torch.cat([features, everywhere], dim=1))}
