"""SAGAN's networks (Zhang et al., 2019, arXiv:1805.08318; sizes as in brain-research/self-attention-gan).

Residual blocks with attention over one of the feature maps, spectral norm in every layer of both players, a class's own gains and offsets
in the generator's batch norms, and a critic that projects its features onto a vector of the class. ``width`` channels at the image,
doubled at each halving up to 16 times.
"""

from __future__ import annotations

from itertools import pairwise

from ganzoo_layers.attention import SelfAttention
from ganzoo_layers.projection import ProjectionCritic
from ganzoo_layers.residual import ConditionalBatchNorm, DownBlock, UpBlock, attended, spectral
from ganzoo_layers.sizes import halvings, labelled
from torch import Tensor, nn

from ganzoo import DataSpec, Fields, Generator, NonNegativeInt, PositiveInt

PAPER = "Zhang et al., 2019, arXiv:1805.08318"


class SAGANGenerator(Generator):
    """ "latent" (N, L) and "label" (N,) to "sample" (N, C, H, W) in [-1, 1].

    Args:
        latent_dim: length L of the noise vector, drawn from a standard normal.
        width: channels of the block nearest the image.
        attention: the largest feature map whose smaller side is at most this gets attention; 0: none.
    """

    paper = PAPER

    def __init__(self, data: DataSpec, *, latent_dim: PositiveInt = 128, width: PositiveInt = 64, attention: NonNegativeInt = 32) -> None:
        super().__init__()
        classes = labelled(data, "generator sagan")
        self.base, count = halvings(data, "generator sagan", least=1)
        widths = [width * min(2**i, 16) for i in range(count, -1, -1)]
        self.latent_dim, self.place = latent_dim, attended([min(self.base) * 2**i for i in range(1, count + 1)], attention)

        def of_class(channels: int) -> nn.Module:
            layer = nn.Embedding(classes, channels)
            nn.init.zeros_(layer.weight)
            return layer

        def norm(channels: int) -> nn.Module:
            return ConditionalBatchNorm(channels, of_class)

        self.first = spectral(nn.Linear(latent_dim, widths[0] * self.base[0] * self.base[1]))
        self.blocks = nn.ModuleList(UpBlock(before, after, norm, spectral) for before, after in pairwise(widths))
        self.attention = SelfAttention(widths[self.place + 1], spectral) if self.place is not None else None
        self.last = nn.Sequential(nn.BatchNorm2d(width), nn.ReLU(), spectral(nn.Conv2d(width, data.shape[0], 3, padding=1)), nn.Tanh())

    def forward(self, latent: Tensor, label: Tensor) -> Fields:
        """Make an image of each label.

        Args:
            latent: noise (N, L).
            label: classes (N,) int64 in [0, K).

        Returns:
            "sample" (N, C, H, W) in [-1, 1].
        """
        x = self.first(latent).unflatten(1, (-1, *self.base))
        for i, block in enumerate(self.blocks):
            x = block(x, label)
            x = self.attention(x) if self.attention is not None and i == self.place else x
        return {"sample": self.last(x)}


class SAGANCritic(ProjectionCritic):
    """ "sample" (N, C, H, W) in [-1, 1] and "label" (N,) to one raw "score" (N,): w h(x) + <v_y, h(x)>.

    Args:
        width: channels of the block nearest the image.
        attention: the largest feature map whose smaller side is at most this gets attention; 0: none.
    """

    paper = PAPER

    def __init__(self, data: DataSpec, *, width: PositiveInt = 64, attention: NonNegativeInt = 32) -> None:
        classes = labelled(data, "critic sagan")
        base, count = halvings(data, "critic sagan", least=1)
        widths = [width * min(2**i, 16) for i in range(count)]
        last = min(2 * widths[-1], 16 * width)
        place = attended([min(base) * 2**i for i in range(count - 1, -1, -1)], attention)
        layers: list[nn.Module] = []
        for i, (before, after) in enumerate(pairwise([data.shape[0], *widths])):
            layers.append(DownBlock(before, after, spectral, halve=True, of_image=i == 0))
            layers += [SelfAttention(after, spectral)] if i == place else []
        blocks = nn.Sequential(*layers, DownBlock(widths[-1], last, spectral, halve=False, of_image=False))
        super().__init__(blocks, last, classes, spectral)
