"""Parts of BigGAN's networks: initialisation, conditional norms, and channels at each size (as in ajbrock/BigGAN-PyTorch)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ganzoo_layers.residual import ConditionalBatchNorm, Layer, spectral
from torch import nn

PAPER = "Brock et al., 2019, arXiv:1809.11096"
EPS = 1e-6
"""Of the spectral norm's power method."""
GENERATOR: Mapping[int, tuple[int, ...]] = {4: (16, 16, 8, 4, 2), 5: (16, 16, 8, 4, 2, 1), 6: (16, 16, 8, 8, 4, 2, 1)}
"""Doublings to channels over ``width`` at each size, from the base to the image; fewer doublings: 4 at each size."""
CRITIC: Mapping[int, tuple[int, ...]] = {4: (1, 2, 4, 8, 16), 5: (1, 2, 4, 8, 16, 16), 6: (1, 2, 4, 8, 8, 16, 16)}
"""Halvings to channels over ``width`` after each block, from the image; the last block halves nothing."""


def spectral_orthogonal(layer: Layer) -> Layer:
    """``layer`` with orthogonal weights and spectral norm 1."""
    return spectral(layer, nn.init.orthogonal_, EPS)


def generator_widths(count: int, width: int) -> list[int]:
    """Channels at each size, from the base to the image."""
    return [width * factor for factor in GENERATOR.get(min(count, 6), (4,) * (count + 1))] + [width] * max(0, count - 6)


def critic_widths(count: int, width: int) -> list[int]:
    """Channels after each block, from the image on."""
    return [width] * max(0, count - 6) + [width * factor for factor in CRITIC.get(min(count, 6), (4,) * 4)]


def norm_of(condition: int) -> Callable[[int], nn.Module]:
    """Makes batch norms whose gain and offset are linear in a condition (N, ``condition``)."""

    def linear(channels: int) -> nn.Module:
        return spectral_orthogonal(nn.Linear(condition, channels, bias=False))

    return lambda channels: ConditionalBatchNorm(channels, linear)
