"""BigGAN's generator (Brock et al., 2019, arXiv:1809.11096; sizes as in ajbrock/BigGAN-PyTorch)."""

from __future__ import annotations

from itertools import pairwise

import torch
from ganzoo_layers.attention import SelfAttention
from ganzoo_layers.residual import UpBlock, attended
from ganzoo_layers.sizes import halvings, labelled
from torch import Tensor, nn

from ganzoo import DataSpec, Fields, Generator, NonNegativeInt, PositiveInt

from .parts import PAPER, generator_widths, norm_of, spectral_orthogonal


class BigGANGenerator(Generator):
    """ "latent" (N, L) and "label" (N,) to "sample" (N, C, H, W) in [-1, 1].

    The latent is split into a chunk for the first layer and one for each block (hierarchical latent); gains and offsets of a block's norms
    are linear in its chunk and in the class's embedding, which all blocks share.

    Args:
        latent_dim: length L of the noise vector, drawn from a standard normal; chunks differ in length by at most 1.
        width: channels nearest the image from 128 pixels on; up to 32 pixels a quarter of the channels at every size.
        embedding: length of a class's embedding.
        attention: the largest feature map whose smaller side is at most this gets attention; 0: none.
    """

    paper = PAPER

    def __init__(
        self,
        data: DataSpec,
        *,
        latent_dim: PositiveInt = 120,
        width: PositiveInt = 96,
        embedding: PositiveInt = 128,
        attention: NonNegativeInt = 64,
    ) -> None:
        super().__init__()
        classes = labelled(data, "generator biggan")
        self.base, count = halvings(data, "generator biggan", least=1)
        widths = generator_widths(count, width)
        self.latent_dim, self.place = latent_dim, attended([min(self.base) * 2**i for i in range(1, count + 1)], attention)
        self.chunks = [len(part) for part in torch.arange(latent_dim, device="cpu").tensor_split(count + 1)]
        self.classes = nn.Embedding(classes, embedding)
        nn.init.orthogonal_(self.classes.weight)
        self.first = spectral_orthogonal(nn.Linear(self.chunks[0], widths[0] * self.base[0] * self.base[1]))
        self.blocks = nn.ModuleList(
            UpBlock(before, after, norm_of(embedding + chunk), spectral_orthogonal)
            for (before, after), chunk in zip(pairwise(widths), self.chunks[1:], strict=True)
        )
        self.attention = SelfAttention(widths[self.place + 1], spectral_orthogonal) if self.place is not None else None
        last = spectral_orthogonal(nn.Conv2d(widths[-1], data.shape[0], 3, padding=1))
        self.last = nn.Sequential(nn.BatchNorm2d(widths[-1]), nn.ReLU(), last, nn.Tanh())

    def forward(self, latent: Tensor, label: Tensor) -> Fields:
        """Make an image of each label.

        Args:
            latent: noise (N, L).
            label: classes (N,) int64 in [0, K).

        Returns:
            "sample" (N, C, H, W) in [-1, 1].
        """
        start, *chunks = torch.split(latent, self.chunks, dim=1)
        shared = self.classes(label)
        x = self.first(start).unflatten(1, (-1, *self.base))
        for i, (block, chunk) in enumerate(zip(self.blocks, chunks, strict=True)):
            x = block(x, torch.cat([shared, chunk], dim=1))
            x = self.attention(x) if self.attention is not None and i == self.place else x
        return {"sample": self.last(x)}
