"""BigGAN-deep: bottleneck blocks, two at each size (Brock et al., 2019, arXiv:1809.11096; sizes as in ajbrock/BigGAN-PyTorch)."""

from __future__ import annotations

from itertools import pairwise

import torch
from ganzoo_layers.attention import SelfAttention
from ganzoo_layers.projection import ProjectionCritic
from ganzoo_layers.residual import attended
from ganzoo_layers.sizes import halvings, labelled
from torch import Tensor, nn
from torch.nn import functional

from ganzoo import DataSpec, Fields, Generator, NonNegativeInt, PositiveInt

from .parts import PAPER, critic_widths, generator_widths, norm_of, spectral_orthogonal


class DeepUpBlock(nn.Module):
    """(N, before, H, W) and a condition -> (N, after, H', W'): 1 x 1, 3 x 3, 3 x 3 and 1 x 1 convolutions, each after norm and ReLU.

    Between them there are a quarter of ``before`` channels. The shortcut drops the channels that are too many.

    Args:
        before, after: channels of the input and of the output.
        double: whether the side is doubled.
        condition: length of the condition.
    """

    def __init__(self, before: int, after: int, condition: int, *, double: bool) -> None:
        super().__init__()
        narrow, norm = max(1, before // 4), norm_of(condition)
        sizes = ((before, narrow, 1), (narrow, narrow, 3), (narrow, narrow, 3), (narrow, after, 1))
        self.norms = nn.ModuleList([norm(channels) for channels, _, _ in sizes])
        self.convolutions = nn.ModuleList([spectral_orthogonal(nn.Conv2d(a, b, k, padding=k // 2)) for a, b, k in sizes])
        self.after, self.doubles = after, double

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Map (N, before, H, W) to (N, after, H', W')."""
        path = x
        for i, (norm, convolution) in enumerate(zip(self.norms, self.convolutions, strict=True)):
            path = functional.relu(norm(path, condition))
            path = functional.interpolate(path, scale_factor=2) if self.doubles and i == 1 else path
            path = convolution(path)
        kept = x[:, : self.after]
        return path + (functional.interpolate(kept, scale_factor=2) if self.doubles else kept)


class DeepDownBlock(nn.Module):
    """(N, before, H, W) -> (N, after, H', W'): the same without norms. The shortcut appends the channels that lack by a 1 x 1 convolution.

    Args:
        before, after: channels of the input and of the output.
        halve: whether the side is halved, by the mean of 2 x 2.
    """

    def __init__(self, before: int, after: int, *, halve: bool) -> None:
        super().__init__()
        narrow = max(1, after // 4)
        sizes = ((before, narrow, 1), (narrow, narrow, 3), (narrow, narrow, 3), (narrow, after, 1))
        layers = [module for a, b, k in sizes for module in (nn.ReLU(), spectral_orthogonal(nn.Conv2d(a, b, k, padding=k // 2)))]
        self.path = nn.Sequential(*layers[:-1], *([nn.AvgPool2d(2)] if halve else []), layers[-1])
        self.halve = halve
        self.more = spectral_orthogonal(nn.Conv2d(before, after - before, 1)) if after > before else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, before, H, W) to (N, after, H', W')."""
        kept = functional.avg_pool2d(x, 2) if self.halve else x
        out: Tensor = self.path(x) + (kept if self.more is None else torch.cat([kept, self.more(kept)], dim=1))
        return out


class BigGANDeepGenerator(Generator):
    """ "latent" (N, L) and "label" (N,) to "sample" (N, C, H, W) in [-1, 1].

    The whole latent and the class's embedding go to the first layer and to the norms of every block.

    Args:
        latent_dim: length L of the noise vector, drawn from a standard normal.
        width: channels nearest the image from 128 pixels on; up to 32 pixels a quarter of the channels at every size.
        embedding: length of a class's embedding.
        attention: the largest feature map whose smaller side is at most this gets attention; 0: none.
    """

    paper = PAPER

    def __init__(
        self,
        data: DataSpec,
        *,
        latent_dim: PositiveInt = 128,
        width: PositiveInt = 128,
        embedding: PositiveInt = 128,
        attention: NonNegativeInt = 64,
    ) -> None:
        super().__init__()
        classes = labelled(data, "generator biggan_deep")
        self.base, count = halvings(data, "generator biggan_deep", least=1)
        widths, condition = generator_widths(count, width), latent_dim + embedding
        place = attended([min(self.base) * 2**i for i in range(1, count + 1)], attention)
        self.latent_dim = latent_dim
        self.classes = nn.Embedding(classes, embedding)
        nn.init.orthogonal_(self.classes.weight)
        self.first = spectral_orthogonal(nn.Linear(condition, widths[0] * self.base[0] * self.base[1]))
        self.blocks = nn.ModuleList()
        for i, (before, after) in enumerate(pairwise(widths)):
            self.blocks += [DeepUpBlock(before, before, condition, double=False), DeepUpBlock(before, after, condition, double=True)]
            self.blocks += [SelfAttention(after, spectral_orthogonal)] if i == place else []
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
        condition = torch.cat([self.classes(label), latent], dim=1)
        x = self.first(condition).unflatten(1, (-1, *self.base))
        for block in self.blocks:
            x = block(x) if isinstance(block, SelfAttention) else block(x, condition)
        return {"sample": self.last(x)}


class BigGANDeepCritic(ProjectionCritic):
    """Bottleneck blocks of spectral norm 1, two at each size, and a projection: "sample" and "label" to one raw "score" (N,).

    Args:
        width: channels nearest the image from 64 pixels on; up to 32 pixels a quarter of the channels of every block.
        attention: the largest feature map whose smaller side is at most this gets attention; 0: none.
    """

    paper = PAPER

    def __init__(self, data: DataSpec, *, width: PositiveInt = 128, attention: NonNegativeInt = 64) -> None:
        classes = labelled(data, "critic biggan_deep")
        base, count = halvings(data, "critic biggan_deep", least=1)
        widths = critic_widths(count, width)
        # One block less than BigGAN's: what its last one, which halves nothing, adds is not there.
        first, *widths = (4 * width, *[4 * width] * 3) if count < 4 else tuple(widths)
        halved = min(count, 2) if count < 4 else count
        sides = [max(min(base), min(data.shape[1:]) >> min(i + 1, halved)) for i in range(len(widths))]
        place = attended(sides, attention)
        layers: list[nn.Module] = [spectral_orthogonal(nn.Conv2d(data.shape[0], first, 3, padding=1))]
        for i, (before, after) in enumerate(pairwise([first, *widths])):
            layers += [DeepDownBlock(before, after, halve=i < halved), DeepDownBlock(after, after, halve=False)]
            layers += [SelfAttention(after, spectral_orthogonal)] if i == place else []
        super().__init__(nn.Sequential(*layers), widths[-1], classes, spectral_orthogonal)
