"""The projection critic (Miyato and Koyama, 2018, arXiv:1802.05637) on features that are summed over the last window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from ganzoo import Critic, Scores


class ProjectionCritic(Critic):
    """Blocks, then a projection onto a vector of the class: "sample" (N, C, H, W) and "label" (N,) to one raw "score" (N,).

    Args:
        blocks: from the image to the features h.
        channels: of the features.
        classes: how many there are.
        wrap: what is done to the last layers when they are made.
    """

    def __init__(self, blocks: nn.Module, channels: int, classes: int, wrap: Callable[[Any], nn.Module]) -> None:
        super().__init__()
        self.blocks = blocks
        self.score, self.classes = wrap(nn.Linear(channels, 1)), wrap(nn.Embedding(classes, channels))

    def forward(self, sample: Tensor, label: Tensor) -> Scores:
        """Judge images as ones of their labels: w h(x) + <v_y, h(x)>.

        Args:
            sample: (N, C, H, W) in [-1, 1].
            label: classes (N,) int64 in [0, K).

        Returns:
            Raw "score" (N,).
        """
        features = functional.relu(self.blocks(sample)).sum(dim=(2, 3))
        return {"score": self.score(features).flatten() + (self.classes(label) * features).sum(dim=1)}
