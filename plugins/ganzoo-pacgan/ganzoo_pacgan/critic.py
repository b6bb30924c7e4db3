"""PacGAN's critic: it judges packs of several samples, so that a lack of variety shows."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from ganzoo import Critic, DataSpec, PositiveInt, Scores


class PackedMLP(Critic):
    """Maxout perceptron on packs: "sample" (N, *shape) to raw "score" (N,), that of the pack which a sample is in.

    Samples i m to i m + m - 1 are a pack, for m = ``pack``. Where m does not divide N, the last pack takes its missing samples
    from the first ones. Lin et al., 2018, arXiv:1712.04086.

    Args:
        pack: samples m in a pack; 1 is an ordinary critic.
        hidden: maxout units of each hidden layer, from the pack to the score.
        pieces: linear functions that each unit takes the largest of.
    """

    paper = "Lin et al., 2018, arXiv:1712.04086"

    def __init__(
        self, data: DataSpec, *, pack: PositiveInt = 2, hidden: tuple[PositiveInt, ...] = (200, 200, 200), pieces: PositiveInt = 5
    ) -> None:
        super().__init__()
        self.pack, self.mixes_batch = pack, pack > 1
        self.norm = "packing" if pack > 1 else "none"
        sizes = (pack * math.prod(data.shape), *hidden)
        self.net = nn.Sequential(*[Maxout(before, after, pieces) for before, after in pairwise(sizes)], nn.Linear(sizes[-1], 1))

    def forward(self, sample: Tensor) -> Scores:
        """Judge packs.

        Args:
            sample: (N, *shape); images in [-1, 1].

        Returns:
            Raw "score" (N,): the same for each sample of a pack.
        """
        n = len(sample)
        packs = -(-n // self.pack)
        members = torch.arange(packs * self.pack, device=sample.device) % n
        score = self.net(sample.flatten(1)[members].reshape(packs, -1))  # (packs, 1)
        return {"score": score.expand(-1, self.pack).reshape(-1)[:n]}


class Maxout(nn.Module):
    """(N, before) to (N, units): each unit is the largest of ``pieces`` linear functions."""

    def __init__(self, before: int, units: int, pieces: int) -> None:
        super().__init__()
        self.linear, self.pieces = nn.Linear(before, units * pieces), pieces

    def forward(self, x: Tensor) -> Tensor:
        """The units of each row."""
        largest: Tensor = self.linear(x).unflatten(1, (-1, self.pieces)).amax(dim=2)
        return largest
