"""BigGAN's critic (Brock et al., 2019, arXiv:1809.11096; sizes as in ajbrock/BigGAN-PyTorch)."""

from __future__ import annotations

from itertools import pairwise

from ganzoo_layers.attention import SelfAttention
from ganzoo_layers.projection import ProjectionCritic
from ganzoo_layers.residual import DownBlock, attended
from ganzoo_layers.sizes import halvings, labelled
from torch import nn

from ganzoo import DataSpec, NonNegativeInt, PositiveInt

from .parts import PAPER, critic_widths, spectral_orthogonal


class BigGANCritic(ProjectionCritic):
    """Residual blocks of spectral norm 1 with attention, and a projection: "sample" and "label" to one raw "score" (N,).

    Args:
        width: channels nearest the image from 64 pixels on; up to 32 pixels a quarter of the channels of every block.
        attention: the largest feature map whose smaller side is at most this gets attention; 0: none.
    """

    paper = PAPER

    def __init__(self, data: DataSpec, *, width: PositiveInt = 96, attention: NonNegativeInt = 64) -> None:
        classes = labelled(data, "critic biggan")
        base, count = halvings(data, "critic biggan", least=1)
        widths = critic_widths(count, width)
        halved = min(count, 2) if count < 4 else count
        sides = [max(min(base), min(data.shape[1:]) >> min(i + 1, halved)) for i in range(len(widths))]
        place = attended(sides, attention)
        layers: list[nn.Module] = []
        for i, (before, after) in enumerate(pairwise([data.shape[0], *widths])):
            layers.append(DownBlock(before, after, spectral_orthogonal, halve=i < halved, of_image=i == 0))
            layers += [SelfAttention(after, spectral_orthogonal)] if i == place else []
        super().__init__(nn.Sequential(*layers), widths[-1], classes, spectral_orthogonal)
