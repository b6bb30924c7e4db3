"""BigGAN's critic (Brock et al., 2019, arXiv:1809.11096; sizes as in ajbrock/BigGAN-PyTorch)."""

from __future__ import annotations

from itertools import pairwise

from ganzoo_layers.attention import SelfAttention
from ganzoo_layers.residual import DownBlock, attended
from ganzoo_layers.sizes import halvings, labelled
from torch import Tensor, nn
from torch.nn import functional

from ganzoo import Critic, DataSpec, NonNegativeInt, PositiveInt, Scores

from .parts import PAPER, critic_widths, spectral_orthogonal


class ProjectionCritic(Critic):
    """Blocks, then a projection onto a vector of the class: "sample" (N, C, H, W) and "label" (N,) to one raw "score" (N,).

    Args:
        blocks: from the image to the features.
        channels: of the features.
        classes: how many there are.
    """

    paper = PAPER

    def __init__(self, blocks: nn.Module, channels: int, classes: int) -> None:
        super().__init__()
        self.blocks = blocks
        self.score = spectral_orthogonal(nn.Linear(channels, 1))
        self.classes = spectral_orthogonal(nn.Embedding(classes, channels))

    def forward(self, sample: Tensor, label: Tensor) -> Scores:
        """Judge images as ones of their labels: w h(x) + <v_y, h(x)>, with features h summed over the last window.

        Args:
            sample: (N, C, H, W) in [-1, 1].
            label: classes (N,) int64 in [0, K).

        Returns:
            Raw "score" (N,).
        """
        features = functional.relu(self.blocks(sample)).sum(dim=(2, 3))
        return {"score": self.score(features).flatten() + (self.classes(label) * features).sum(dim=1)}


class BigGANCritic(ProjectionCritic):
    """Residual blocks of spectral norm 1 with attention, and a projection: "sample" and "label" to one raw "score" (N,).

    Args:
        width: channels nearest the image from 64 pixels on; up to 32 pixels a quarter of the channels of every block.
        attention: the largest feature map whose smaller side is at most this gets attention; 0: none.
    """

    def __init__(self, data: DataSpec, *, width: PositiveInt = 96, attention: NonNegativeInt = 64) -> None:
        classes = labelled(data, "critic biggan")
        base, count = halvings(data, "critic biggan")
        widths = critic_widths(count, width)
        halved = min(count, 2) if count < 4 else count
        sides = [max(min(base), min(data.shape[1:]) >> min(i + 1, halved)) for i in range(len(widths))]
        place = attended(sides, attention)
        layers: list[nn.Module] = []
        for i, (before, after) in enumerate(pairwise([data.shape[0], *widths])):
            layers.append(DownBlock(before, after, spectral_orthogonal, halve=i < halved, of_image=i == 0))
            layers += [SelfAttention(after, spectral_orthogonal)] if i == place else []
        super().__init__(nn.Sequential(*layers), widths[-1], classes)
