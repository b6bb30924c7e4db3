"""The pool of earlier fakes that a critic is shown among the latest.

critic sees <- the fake, or with probability 1/2 one of the pool, whose place the fake takes; while the pool is not full: the fake, put in

Shrivastava et al., 2017, arXiv:1612.07828; with the rule of junyanz/CycleGAN (util/image_pool.lua).
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo import DataSpec, Fields, Loss, PositiveInt, Turn


class ImagePool(Loss):
    """Half of the fakes that the critic is shown are earlier ones; of a batch that is larger than the pool the rest is shown as it is.

    Args:
        size: how many fakes it holds.
    """

    paper = "Shrivastava et al., 2017, arXiv:1612.07828"

    def __init__(self, data: DataSpec, *, size: PositiveInt = 50) -> None:
        super().__init__()
        self.kept: Tensor
        self.count: Tensor
        self.register_buffer("kept", torch.zeros(size, *data.shape))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def view(self, fields: Fields, place: str, turn: Turn) -> Fields:
        """What the critic is shown in place of its fakes (N, *shape)."""
        if place != "fake" or turn.side != "critic":
            return fields
        (name,) = turn.compared
        size = len(self.kept)
        fresh = fields[name][:size]
        n, device = len(fresh), fresh.device
        # Places that are still free come first, in order, then the others at random.
        free = torch.arange(size, device=device) >= self.count
        places = torch.where(free, torch.arange(size, device=device) - size, torch.rand(size, device=device)).argsort()[:n]
        filling = free[places]
        swapped = ~filling & (torch.rand(n, device=device) < 0.5)
        old, along = self.kept[places], (-1, *[1] * (fresh.dim() - 1))
        shown = torch.where(swapped.view(along), old, fresh)
        turn.keep[self] = places, torch.where((filling | swapped).view(along), fresh, old), filling.sum()
        return {**fields, name: torch.cat([shown, fields[name][size:]])}

    def after(self, turn: Turn) -> None:
        """Put in what was to be put in."""
        if self in turn.keep:
            places, fakes, filled = turn.keep[self]
            self.kept.index_copy_(0, places, fakes)
            self.count += filled
