"""R3GAN's residual block, and the plan of its stages (Huang et al., 2025, arXiv:2501.05441; brownvc/R3GAN)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ganzoo_layers.sizes import halvings
from torch import Tensor, nn

from ganzoo import DataSpec, UserError

PAPER = "Huang et al., 2025, arXiv:2501.05441"
SLOPE = 0.2
GAIN = math.sqrt(2 / (1 + SLOPE**2))
"""By which weights are larger, to make up for LeakyReLU."""


class ResidualBlock(nn.Module):
    """x + 1x1(lrelu(grouped 3x3(lrelu(1x1(x))))), of (N, C, H, W), with twice the channels between.

    No layer normalises. The weights start smaller the more blocks there are, and the last layer's at 0, so that every block starts as the
    identity: Fix-up initialisation (Zhang et al., 2019, arXiv:1901.09321).

    Args:
        channels: C.
        group: channels of a group of the 3 x 3 convolution.
        depth: how many blocks the network has.
    """

    def __init__(self, channels: int, group: int, depth: int) -> None:
        super().__init__()
        wide, gain = 2 * channels, GAIN * depth ** (-1 / 4)  # of 3 layers: depth^(-1 / (2 * 3 - 2))
        self.path = nn.Sequential(
            initialised(nn.Conv2d(channels, wide, 1), gain),
            nn.LeakyReLU(SLOPE),
            initialised(nn.Conv2d(wide, wide, 3, padding=1, groups=wide // group), gain),
            nn.LeakyReLU(SLOPE),
            initialised(nn.Conv2d(wide, channels, 1, bias=False), 0.0),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        out: Tensor = x + self.path(x)
        return out


def initialised(layer: nn.Conv2d | nn.Linear | nn.Embedding, gain: float = 1.0) -> nn.Conv2d | nn.Linear | nn.Embedding:
    """``layer`` with weights N(0, gain^2 / fan_in) and a bias of 0; an embedding's fan-in is the number of its vectors."""
    fan_in = layer.num_embeddings if isinstance(layer, nn.Embedding) else layer.weight.shape[1:].numel()
    nn.init.normal_(layer.weight, std=gain / math.sqrt(fan_in))
    if getattr(layer, "bias", None) is not None:
        nn.init.zeros_(layer.bias)  # type: ignore[union-attr,arg-type]
    return layer


def transition(before: int, after: int) -> list[nn.Module]:
    """A 1 x 1 convolution to other channels; none where they are as many."""
    return [] if before == after else [initialised(nn.Conv2d(before, after, 1, bias=False))]


@dataclass(frozen=True)
class Stages:
    """What generator and critic share.

    Args:
        base: height and width of the innermost feature map.
        widths: channels at each size, from the base to the image.
        blocks: residual blocks at each size.
        group: channels of a group.
    """

    base: tuple[int, int]
    widths: tuple[int, ...]
    blocks: int
    group: int

    def residual(self, channels: int) -> list[nn.Module]:
        """The blocks at a size that has ``channels`` channels."""
        return [ResidualBlock(channels, self.group, self.blocks * len(self.widths)) for _ in range(self.blocks)]


def plan(data: DataSpec, width: int, blocks: int, group: int, who: str) -> Stages:
    """The stages of a network for ``data``: ``width`` channels up to 32 pixels, half as many at each size beyond.

    Raises:
        UserError: where ``data`` has an unfit shape, or the groups do not divide the channels.
    """
    base, count = halvings(data, who, least=1)
    sides = [min(base) * 2**i for i in range(count + 1)]
    widths = tuple(width if side <= 32 else width * 32 // side for side in sides)
    if any(2 * channels % group or not channels for channels in widths):
        raise UserError(
            f"{who}: groups of {group} do not divide {', '.join(str(2 * channels) for channels in widths)} channels, twice its widths",
            "choose another width or group",
            key="width",
        )
    return Stages(base, widths, blocks, group)
