"""An optimizer of one's own: it steps by the sign of the gradient, half as far wherever the sign has just changed."""

import torch

from ganzoo import PositiveFloat, UserError


class Signs(torch.optim.Optimizer):
    """Steps by the sign of the gradient.

    Args:
        lr: how far.
        largest: the largest rate that is allowed.
    """

    def __init__(self, params, *, lr: PositiveFloat = 1e-3, largest: PositiveFloat = 1.0):
        if lr > largest:
            raise UserError(f"the rate is above {largest}", "lower it, or raise largest", key="lr")
        super().__init__(params, {"lr": lr, "capturable": False})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    last = self.state[weight].setdefault("last", torch.zeros_like(weight))
                    sign = weight.grad.sign()
                    weight.sub_(group["lr"] * sign * torch.where(sign * last < 0, 0.5, 1.0))
                    last.copy_(sign)
