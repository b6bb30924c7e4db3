"""The two stages of StackGAN's generator; the layers are listed in ``generator``."""

from __future__ import annotations

from itertools import pairwise

import torch
from ganzoo_layers.sizes import halvings
from torch import Tensor, nn

from ganzoo import DataSpec

from .augmentation import Condition, drawn


class First(nn.Module):
    """The first stage: noise and text to a small picture."""

    def __init__(self, data: DataSpec, text: int, latent_dim: int, condition_dim: int, width: int) -> None:
        super().__init__()
        small = DataSpec({"sample": data.fields["source"]})
        innermost, doublings = halvings(small, "generator stackgan", base=4, least=1)
        widths = [max(8 * width >> i, 1) for i in range(doublings + 1)]
        self.condition = Condition(text, condition_dim)
        values = widths[0] * innermost[0] * innermost[1]
        start = nn.Linear(latent_dim + condition_dim, values, bias=False)
        layers = [start, nn.Unflatten(1, (widths[0], *innermost)), nn.BatchNorm2d(widths[0]), nn.ReLU()]
        for before, after in pairwise(widths):
            layers += larger(before, after)
        self.net = nn.Sequential(*layers, nn.Conv2d(widths[-1], small.shape[0], 3, padding=1), nn.Tanh())

    def forward(self, latent: Tensor, jitter: Tensor, text: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Small pictures (N, 3, H, W) of noise (N, L) and texts (N, D), and the distribution of conditions."""
        condition = self.condition(text)
        return self.net(torch.cat([latent, drawn(condition, jitter)], dim=1)), condition


class Second(nn.Module):
    """The second stage: a small picture and its text to a large one."""

    def __init__(self, data: DataSpec, text: int, condition_dim: int, width: int, blocks: int, factor: int) -> None:
        super().__init__()
        self.condition = Condition(text, condition_dim)
        channels = data.fields["source"][0]
        self.inwards = nn.Sequential(
            *(nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * width), nn.ReLU()),
            *(nn.Conv2d(2 * width, 4 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(4 * width), nn.ReLU()),
        )
        joined = [nn.Conv2d(4 * width + condition_dim, 4 * width, 3, padding=1, bias=False), nn.BatchNorm2d(4 * width), nn.ReLU()]
        doublings = 1 + factor.bit_length()
        widths = [max(4 * width >> i, 1) for i in range(doublings + 1)]
        outwards = [layer for before, after in pairwise(widths) for layer in larger(before, after)]
        self.net = nn.Sequential(
            *joined, *(Block(4 * width) for _ in range(blocks)), *outwards, nn.Conv2d(widths[-1], data.shape[0], 3, padding=1), nn.Tanh()
        )

    def forward(self, small: Tensor, jitter: Tensor, text: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Large pictures (N, 3, rH, rW) of small ones (N, 3, H, W) and their texts (N, D), and the distribution of conditions."""
        inner, condition = self.inwards(small), self.condition(text)
        everywhere = drawn(condition, jitter)[:, :, None, None].expand(-1, -1, *inner.shape[2:])
        return self.net(torch.cat([inner, everywhere], dim=1)), condition


class Block(nn.Module):
    """Two normalised convolutions beside the identity, on ``width`` channels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            *(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()),
            *(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)),
        )

    def forward(self, features: Tensor) -> Tensor:
        """(N, width, H, W) to the same."""
        return nn.functional.relu(features + self.net(features))


def larger(before: int, after: int) -> list[nn.Module]:
    """Twice the edges, by repeated pixels and a convolution."""
    return [nn.Upsample(scale_factor=2), nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
