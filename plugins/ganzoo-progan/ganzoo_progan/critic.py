"""The critic of Progressive GAN (Karras et al., 2018, arXiv:1710.10196), the generator's mirror image."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

from ganzoo_layers.equal import equalised
from ganzoo_layers.norms import MinibatchDeviation
from ganzoo_layers.pyramid import pyramid
from torch import Tensor, nn

from ganzoo import Critic, DataSpec, PositiveInt, Scores

from .generator import GAIN
from .stages import PAPER, between, smaller


class ProGANCritic(Critic):
    """From "sample" (N, C, H, W) in [-1, 1], reduced to the pixels of "stage", to one raw "score" (N,).

    Args:
        width: channels at the smallest stages, the most there are.
        capacity: channels times the side, where that is less.
        group: samples whose deviation from each other is a feature of each; 1: none is.
    """

    paper = PAPER
    mixes_batch: bool | Literal["norm", "statistic"] = "statistic"

    def __init__(self, data: DataSpec, *, width: PositiveInt = 512, capacity: PositiveInt = 16384, group: PositiveInt = 4) -> None:
        super().__init__()
        self.mixes_batch = "statistic" if group > 1 else False
        sizes = pyramid(data, width, capacity, "critic progan")
        self.last = len(sizes) - 1
        (side, first), widths = sizes[0], [channels for _, channels in sizes]
        self.from_image = nn.ModuleList(
            nn.Sequential(equalised(nn.Conv2d(data.shape[0], channels, 1), gain=GAIN), nn.LeakyReLU(0.2)) for channels in widths
        )
        deviation = [MinibatchDeviation(group)] if group > 1 else []
        end = [*deviation, *convolution(first + len(deviation), first), nn.Flatten()]
        hidden = equalised(nn.Linear(first * math.prod(side), first), gain=GAIN)
        end += [hidden, nn.LeakyReLU(0.2), equalised(nn.Linear(first, 1)), nn.Flatten(0)]
        self.blocks = nn.ModuleList([nn.Sequential(*end)])
        for after, before in pairwise(widths):
            self.blocks.append(nn.Sequential(*convolution(before, before), *convolution(before, after), nn.AvgPool2d(2)))

    def forward(self, sample: Tensor, stage: int, alpha: Tensor) -> Scores:
        """Judge images.

        Args:
            sample: (N, C, H, W) in [-1, 1].
            stage: the largest stage that takes part, from 0.
            alpha: its share, a scalar in [0, 1].

        Returns:
            Raw "score" (N,).
        """
        small = smaller(sample, 2 ** (self.last - stage))
        features = self.blocks[stage](self.from_image[stage](small))
        if stage:
            features = between(self.from_image[stage - 1](smaller(small)), features, alpha)
        for block in reversed(self.blocks[:stage]):
            features = block(features)
        return {"score": features}


def convolution(before: int, after: int) -> list[nn.Module]:
    """3 x 3 with its activation."""
    return [equalised(nn.Conv2d(before, after, 3, padding=1), gain=GAIN), nn.LeakyReLU(0.2)]
