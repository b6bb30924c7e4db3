"""The critic of StackGAN (Zhang et al., 2017, arXiv:1612.03242): one network for each stage, which sees a picture and a text.

For 64 pixels and the default width:

    picture 64 x 32 x 32 -> 128 x 16 x 16 -> 256 x 8 x 8 -> 512 x 4 x 4, joined with the text everywhere -> 512 x 4 x 4 -> raw score

Layers as in hanzhanggit/StackGAN.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from ganzoo_layers.sizes import halvings
from torch import Tensor, nn

from ganzoo import Critic, DataSpec, PositiveInt, Scores, route

from .generator import PAPER, initialise_, sizes

MOST = 8
"""Times the first width that a layer has at most."""


class StackCritic(Critic):
    """A raw "score" (N,) of "sample" (N, C, rH, rW) and "text" (N, D); along the route ``first`` of the small picture "source".

    Args:
        width: channels of the layer nearest the picture; each one further inwards has twice as many, up to eight times.
        text_dim: length that a text is compressed to.
    """

    paper = PAPER
    norm, mixes_batch = "batch", "norm"

    def __init__(self, data: DataSpec, *, width: PositiveInt = 64, text_dim: PositiveInt = 128) -> None:
        super().__init__()
        text, _ = sizes(data, "critic stackgan")
        self.one = Judge(DataSpec({"sample": data.fields["source"]}), text, width, text_dim)
        self.two = Judge(DataSpec({"sample": data.shape}), text, width, text_dim)
        initialise_(self)

    def forward(self, sample: Tensor, text: Tensor) -> Scores:
        """Judge large pictures (N, C, rH, rW) with texts (N, D)."""
        return {"score": self.two(sample, text)}

    @route(gives={"score"})
    def first(self, source: Tensor, text: Tensor) -> Scores:
        """Judge small pictures (N, C, H, W) with texts (N, D)."""
        return {"score": self.one(source, text)}


class Judge(nn.Module):
    """The critic of one stage, for pictures of ``data``."""

    def __init__(self, data: DataSpec, text: int, width: int, text_dim: int) -> None:
        super().__init__()
        innermost, layers = halvings(data, "critic stackgan", base=4, least=1)
        widths = [width * min(2**i, MOST) for i in range(layers)]
        self.inwards = nn.Sequential(nn.Conv2d(data.shape[0], width, 4, 2, 1), nn.LeakyReLU(0.2))
        for before, after in pairwise(widths):
            self.inwards += nn.Sequential(nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.LeakyReLU(0.2))
        self.text = nn.Sequential(nn.Linear(text, text_dim), nn.LeakyReLU(0.2))
        last = widths[-1]
        self.net = nn.Sequential(
            *(nn.Conv2d(last + text_dim, last, 1, bias=False), nn.BatchNorm2d(last), nn.LeakyReLU(0.2)),
            *(nn.Conv2d(last, 1, innermost), nn.Flatten(0)),
        )

    def forward(self, picture: Tensor, text: Tensor) -> Tensor:
        """(N,)."""
        inner = self.inwards(picture)
        told = self.text(text)[:, :, None, None].expand(-1, -1, *inner.shape[2:])
        score: Tensor = self.net(torch.cat([inner, told], dim=1))
        return score
