"""The two stages of StackGAN's generator, and the conditions that each draws for a text; the layers are listed in ``generator``."""

from __future__ import annotations

from itertools import pairwise

import torch
from ganzoo_layers.sizes import halvings
from torch import Tensor, nn

from ganzoo import DataSpec


class Condition(nn.Module):
    """Conditioning augmentation: a text (N, D) as mean and logarithm of the variance (N, C) of a normal distribution."""

    def __init__(self, text: int, length: int) -> None:
        super().__init__()
        self.net = nn.Linear(text, 2 * length)
        # Means of some standard deviations apart, lest the noise drown them: a caption has few words, and a learning rate is short.
        nn.init.normal_(self.net.weight[:length])
        nn.init.zeros_(self.net.weight[length:])
        nn.init.zeros_(self.net.bias)

    def forward(self, text: Tensor) -> tuple[Tensor, Tensor]:
        """Both."""
        mean, log_variance = nn.functional.leaky_relu(self.net(text), 0.2).chunk(2, dim=1)
        return mean, log_variance


def drawn(condition: tuple[Tensor, Tensor], jitter: Tensor) -> Tensor:
    """A condition (N, C) of mean and logarithm of the variance by standard normal ``jitter`` (N, C)."""
    mean, log_variance = condition
    return mean + (log_variance / 2).exp() * jitter


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
