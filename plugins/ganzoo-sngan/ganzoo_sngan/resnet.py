"""The residual networks of SNGAN and of the projection critic, for images of many sizes, with labels or without.

Miyato et al., 2018, arXiv:1802.05957; Miyato and Koyama, 2018, arXiv:1802.05637; sizes as in pfnet-research/sngan_projection:

- below 64 pixels every block has ``width`` channels, and the critic halves the side twice;
- from 64 pixels on ``width`` channels at the image, doubled at each halving up to 16 times, and a last block at 4 x 4 or so.
"""

from __future__ import annotations

import math
from itertools import pairwise

from ganzoo_layers.sizes import halvings
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from ganzoo import Critic, DataSpec, Fields, Generator, PositiveInt, Scores, UserError

from .blocks import BatchNorm, CriticBlock, GeneratorBlock
from .plain import normalised

PAPER = "Miyato et al., 2018, arXiv:1802.05957; Miyato and Koyama, 2018, arXiv:1802.05637"


class SNResNetGenerator(Generator):
    """Residual blocks from "latent" (N, L) to "sample" (N, C, H, W) in [-1, 1], with batch norm.

    Args:
        latent_dim: length L of the noise vector, drawn from a standard normal.
        width: channels of the block nearest the image; the paper has 256 at 32 pixels and 64 at 128.
    """

    paper = PAPER
    conditional = False

    def __init__(self, data: DataSpec, *, latent_dim: PositiveInt = 128, width: PositiveInt = 256) -> None:
        super().__init__()
        base, widths = plan(data, width, f"generator {type(self).__name__}", self.conditional)
        classes = data.classes if self.conditional else 0
        self.latent_dim, self.base = latent_dim, base
        self.first = nn.Linear(latent_dim, widths[-1] * math.prod(base))
        self.blocks = nn.ModuleList(GeneratorBlock(before, after, classes) for before, after in pairwise(widths[::-1]))
        self.norm = BatchNorm(widths[0], classes)
        self.last = nn.Conv2d(widths[0], data.shape[0], 3, padding=1)
        for layer in (self.first, self.last):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def make(self, latent: Tensor, label: Tensor | None) -> Fields:
        """Images of the latents (N, L), of the classes (N,) where there are any."""
        x = self.first(latent).unflatten(1, (-1, *self.base))
        for block in self.blocks:
            x = block(x, label)
        return {"sample": self.last(functional.relu(self.norm(x, label))).tanh()}

    def forward(self, latent: Tensor) -> Fields:
        """Make images.

        Args:
            latent: noise (N, L).

        Returns:
            "sample" (N, C, H, W) in [-1, 1].
        """
        return self.make(latent, None)


class ConditionalSNResNetGenerator(SNResNetGenerator):
    """The same with a "label" (N,): each class has its own gains and offsets in every batch norm (arXiv:1610.07629).

    Args:
        latent_dim: length L of the noise vector, drawn from a standard normal.
        width: channels of the block nearest the image; the paper has 256 at 32 pixels and 64 at 128.
    """

    conditional = True

    def forward(self, latent: Tensor, label: Tensor) -> Fields:  # type: ignore[override]
        """Make an image of each label.

        Args:
            latent: noise (N, L).
            label: classes (N,) int64 in [0, K).

        Returns:
            "sample" (N, C, H, W) in [-1, 1].
        """
        return self.make(latent, label)


class SNResNetCritic(Critic):
    """Residual blocks from "sample" (N, C, H, W) in [-1, 1] to one raw "score" (N,), each layer of spectral norm 1.

    Args:
        width: channels of the block nearest the image; the paper has 128 at 32 pixels and 64 at 128.
    """

    paper = PAPER
    conditional = False

    def __init__(self, data: DataSpec, *, width: PositiveInt = 128) -> None:
        super().__init__()
        _, widths = plan(data, width, f"critic {type(self).__name__}", self.conditional)
        small = is_small(data)
        ways = [True, *([True, False, False] if small else [True] * (len(widths) - 2) + [False])]
        channels = [data.shape[0], *([width] * 4 if small else [*widths[1:], widths[-1]])]
        pairs = enumerate(zip(pairwise(channels), ways, strict=True))
        self.blocks = nn.Sequential(*(CriticBlock(before, after, halve, of_image=not i) for i, ((before, after), halve) in pairs))
        self.score = normalised(nn.Linear(channels[-1], 1))

    def features(self, sample: Tensor) -> Tensor:
        """(N, channels): sums over the last window."""
        return functional.relu(self.blocks(sample)).sum(dim=(2, 3))

    def forward(self, sample: Tensor) -> Scores:
        """Judge images.

        Args:
            sample: (N, C, H, W) in [-1, 1].

        Returns:
            Raw "score" (N,).
        """
        return {"score": self.score(self.features(sample)).flatten()}


class ProjectionCritic(SNResNetCritic):
    """The same with a "label" (N,): the score is w h(x) + <v_y, h(x)>, a projection of the features h onto a vector v_y of the class.

    Miyato and Koyama, 2018, arXiv:1802.05637.

    Args:
        width: channels of the block nearest the image; the paper has 128 at 32 pixels and 64 at 128.
    """

    conditional = True

    def __init__(self, data: DataSpec, *, width: PositiveInt = 128) -> None:
        super().__init__(data, width=width)
        classes = nn.Embedding(data.classes, self.score.in_features)  # type: ignore[arg-type]
        nn.init.xavier_uniform_(classes.weight)
        self.classes = spectral_norm(classes)

    def forward(self, sample: Tensor, label: Tensor) -> Scores:  # type: ignore[override]
        """Judge images as ones of their labels.

        Args:
            sample: (N, C, H, W) in [-1, 1].
            label: classes (N,) int64 in [0, K).

        Returns:
            Raw "score" (N,).
        """
        features = self.features(sample)
        return {"score": self.score(features).flatten() + (self.classes(label) * features).sum(dim=1)}


def plan(data: DataSpec, width: int, who: str, conditional: bool) -> tuple[tuple[int, int], list[int]]:
    """Rows and columns of the innermost window, and the channels at each size from the image inwards.

    Raises:
        UserError: where ``data`` has an unfit shape, or lacks the labels that are needed.
    """
    if conditional and ("label" not in data.fields or data.classes < 1):
        raise UserError(f"{who} needs labels, which this data lacks", "choose labelled data, or networks without labels")
    base, count = halvings(data, who)
    return base, [width if is_small(data) else width * min(2**i, 16) for i in range(count + 1)]


def is_small(data: DataSpec) -> bool:
    """Whether images are of the first family."""
    return min(data.shape[-2:]) < 64
