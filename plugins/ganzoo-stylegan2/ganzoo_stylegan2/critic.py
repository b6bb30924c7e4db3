"""StyleGAN2's residual critic (Karras et al., 2020, arXiv:1912.04958; sizes as in NVlabs/stylegan2, configuration F)."""

from __future__ import annotations

import math
from itertools import pairwise

from ganzoo_layers.activation import ScaledLeakyReLU
from ganzoo_layers.blur import Blur, Downsample
from ganzoo_layers.equal import equalised
from ganzoo_layers.norms import MinibatchDeviation
from ganzoo_layers.pyramid import pyramid
from torch import Tensor, nn

from ganzoo import Critic, DataSpec, PositiveInt, Scores


class ResidualBlock(nn.Module):
    """(N, before, H, W) -> (N, after, H/2, W/2): two convolutions, the second with a blur and of stride 2, plus a shortcut, over sqrt(2).

    Args:
        before, after: channels of the input and of the output.
    """

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.path = nn.Sequential(
            equalised(nn.Conv2d(before, before, 3, padding=1)),
            ScaledLeakyReLU(),
            Blur(pad=2),
            equalised(nn.Conv2d(before, after, 3, stride=2)),
            ScaledLeakyReLU(),
        )
        self.shortcut = nn.Sequential(Downsample(), equalised(nn.Conv2d(before, after, 1, bias=False)))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, before, H, W) to (N, after, H/2, W/2)."""
        out: Tensor = (self.path(x) + self.shortcut(x)) / math.sqrt(2)
        return out


class StyleGAN2Critic(Critic):
    """Residual blocks from "sample" (N, C, H, W) in [-1, 1] to one raw "score" (N,), with the deviation over the minibatch as a feature.

    Args:
        width: channels at the smallest sizes, the most there are.
        capacity: channels times the side, where that is less.
        group: samples that the deviation compares; a batch should be divisible by it.
    """

    paper = "Karras et al., 2020, arXiv:1912.04958"
    mixes_batch = "statistic"

    def __init__(self, data: DataSpec, *, width: PositiveInt = 512, capacity: PositiveInt = 32768, group: PositiveInt = 4) -> None:
        super().__init__()
        sizes = pyramid(data, width, capacity, "critic stylegan2")
        (height, wide), last = sizes[0]
        channels = [count for _, count in sizes[::-1]]
        self.net = nn.Sequential(
            equalised(nn.Conv2d(data.shape[0], channels[0], 1)),
            ScaledLeakyReLU(),
            *[ResidualBlock(before, after) for before, after in pairwise(channels)],
            MinibatchDeviation(group),
            equalised(nn.Conv2d(last + 1, last, 3, padding=1)),
            ScaledLeakyReLU(),
            nn.Flatten(),
            equalised(nn.Linear(last * height * wide, last)),
            ScaledLeakyReLU(),
            equalised(nn.Linear(last, 1)),
            nn.Flatten(0),
        )

    def forward(self, sample: Tensor) -> Scores:
        """Judge images.

        Args:
            sample: (N, C, H, W) in [-1, 1].

        Returns:
            Raw "score" (N,).
        """
        return {"score": self.net(sample)}
