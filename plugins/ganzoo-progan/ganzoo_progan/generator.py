"""The generator of Progressive GAN (Karras et al., 2018, arXiv:1710.10196).

Legend: N samples, L latent_dim, C channels, H x W pixels of the data, h x w those of a stage.
"""

from __future__ import annotations

import math
from itertools import pairwise

from ganzoo_layers.equal import equalised
from ganzoo_layers.norms import PixelNorm
from ganzoo_layers.pyramid import pyramid
from torch import Tensor, nn

from ganzoo import DataSpec, Fields, Generator, PositiveInt

from .stages import PAPER, between, larger

GAIN = math.sqrt(2)


class ProGANGenerator(Generator):
    """From "latent" (N, L), by the stages up to "stage", to "sample" (N, C, H, W), whose pixels are repeated where the stage is smaller.

    While a stage is faded in, "alpha" is its share, and the picture of the stage before, enlarged, has the rest.

    Args:
        latent_dim: length L of the noise vector; it is normalised.
        width: channels at the smallest stages, the most there are.
        capacity: channels times the side, where that is less.
    """

    paper = PAPER

    def __init__(self, data: DataSpec, *, latent_dim: PositiveInt = 512, width: PositiveInt = 512, capacity: PositiveInt = 16384) -> None:
        super().__init__()
        sizes = pyramid(data, width, capacity, "generator progan")
        self.latent_dim, self.last = latent_dim, len(sizes) - 1
        (side, first), widths = sizes[0], [channels for _, channels in sizes]
        # The gain of the authors' code, a quarter of that of the convolutions.
        project = equalised(nn.Linear(latent_dim, first * math.prod(side)), gain=GAIN / 4)
        start = [PixelNorm(), project, nn.Unflatten(1, (first, *side)), nn.LeakyReLU(0.2), PixelNorm()]
        self.blocks = nn.ModuleList([nn.Sequential(*start, *convolution(first, first))])
        for before, after in pairwise(widths):
            doubled = nn.Upsample(scale_factor=2.0, mode="nearest")
            self.blocks.append(nn.Sequential(doubled, *convolution(before, after), *convolution(after, after)))
        self.to_image = nn.ModuleList(equalised(nn.Conv2d(channels, data.shape[0], 1)) for channels in widths)

    def forward(self, latent: Tensor, stage: int, alpha: Tensor) -> Fields:
        """Make pictures.

        Args:
            latent: noise (N, L).
            stage: the last stage that takes part, from 0.
            alpha: its share, a scalar in [0, 1].

        Returns:
            "sample" (N, C, H, W), cut off at -1 and 1 outside training.
        """
        features = latent
        for block in self.blocks[:stage]:
            features = block(features)
        made = self.to_image[stage](self.blocks[stage](features))
        if stage:
            made = between(larger(self.to_image[stage - 1](features)), made, alpha)
        made = larger(made, 2 ** (self.last - stage))
        return {"sample": made if self.training else made.clamp(-1, 1)}


def convolution(before: int, after: int) -> list[nn.Module]:
    """3 x 3 with its activation and norm."""
    return [equalised(nn.Conv2d(before, after, 3, padding=1), gain=GAIN), nn.LeakyReLU(0.2), PixelNorm()]
