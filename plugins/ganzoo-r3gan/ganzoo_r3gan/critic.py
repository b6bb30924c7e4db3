"""R3GAN's critics: the generator's blocks in reverse (Huang et al., 2025, arXiv:2501.05441; brownvc/R3GAN)."""

from __future__ import annotations

import math
from itertools import pairwise

from ganzoo_layers.blur import Downsample
from ganzoo_layers.sizes import labelled
from torch import Tensor, nn

from ganzoo import Critic, DataSpec, PositiveInt, Scores

from .blocks import PAPER, initialised, plan, transition


class R3Critic(Critic):
    """Residual blocks at each size, then a learned map per channel: "sample" (N, C, H, W) to one raw "score" (N,).

    Args:
        width: channels up to 32 pixels; half as many at each size beyond.
        blocks: residual blocks at each size.
        group: channels of a group of the 3 x 3 convolutions.
    """

    paper = PAPER
    conditional = False

    def __init__(self, data: DataSpec, *, width: PositiveInt = 768, blocks: PositiveInt = 2, group: PositiveInt = 16) -> None:
        super().__init__()
        who = f"critic {'r3gan_conditional' if self.conditional else 'r3gan'}"
        stages = plan(data, width, blocks, group, who)
        widths = stages.widths[::-1]
        layers: list[nn.Module] = [initialised(nn.Conv2d(data.shape[0], widths[0], 1, bias=False)), *stages.residual(widths[0])]
        for before, after in pairwise(widths):
            layers += [Downsample(), *transition(before, after), *stages.residual(after)]
        basis = initialised(nn.Conv2d(width, width, stages.base, groups=width, bias=False))
        self.body = nn.Sequential(*layers, basis, nn.Flatten())
        self.head = initialised(nn.Linear(width, width if self.conditional else 1, bias=False))
        if self.conditional:
            self.classes = initialised(nn.Embedding(labelled(data, who), width), 1 / math.sqrt(width))

    def forward(self, sample: Tensor) -> Scores:
        """Judge images.

        Args:
            sample: (N, C, H, W) in [-1, 1].

        Returns:
            Raw "score" (N,).
        """
        return {"score": self.head(self.body(sample)).flatten()}


class ConditionalR3Critic(R3Critic):
    """The same with a "label" (N,): the score is the product of features and the class's embedding, both of ``width`` numbers.

    Args:
        width: channels up to 32 pixels; half as many at each size beyond.
        blocks: residual blocks at each size.
        group: channels of a group of the 3 x 3 convolutions.
    """

    conditional = True

    def forward(self, sample: Tensor, label: Tensor) -> Scores:  # type: ignore[override]
        """Judge images as ones of their labels.

        Args:
            sample: (N, C, H, W) in [-1, 1].
            label: classes (N,) int64 in [0, K).

        Returns:
            Raw "score" (N,).
        """
        return {"score": (self.head(self.body(sample)) * self.classes(label)).sum(dim=1)}
