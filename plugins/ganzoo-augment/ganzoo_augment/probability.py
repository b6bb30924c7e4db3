"""The probability of a change, which follows the critic."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Probability(nn.Module):
    """p, moved every ``interval`` critic updates towards where the mean sign of real scores is ``target``.

    Args:
        target, interval, ramp, start: as of ``ADA``.
    """

    p: Tensor
    signs: Tensor
    updates: Tensor

    def __init__(self, target: float, interval: int, ramp: float, start: float) -> None:
        super().__init__()
        self.target, self.interval, self.ramp = target, interval, ramp
        for name, value in (("p", float(start)), ("signs", 0.0), ("updates", 0.0)):
            self.register_buffer(name, torch.tensor(value))

    def update(self, sign: Tensor, images: int) -> None:
        """Count the mean ``sign`` of a batch of ``images``, and move p when ``interval`` of them are together."""
        self.signs.add_(sign.float())
        self.updates.add_(1)
        due = self.updates >= self.interval
        step = (self.signs / self.interval - self.target).sign() * (images * self.interval / self.ramp)
        self.p.copy_(torch.where(due, self.p + step, self.p).clamp(0, 1))
        self.signs.copy_(torch.where(due, 0.0, self.signs))
        self.updates.copy_(torch.where(due, 0.0, self.updates))
