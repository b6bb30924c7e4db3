"""Synchronisation of the shares of a batch that several processes have: gradients, means and the statistics of norms.

Of equal shares, the mean of the gradients is the gradient of the mean loss. Parameters that no rank has a gradient for
keep ``None``: zeros would let Adam's momentum move a frozen part. A wrapper such as DistributedDataParallel counts on
every parameter taking part in every backward, which penalties and alternating players do not keep to: it gave gradients
that were wrong by 30% for a backward of a penalty alone, in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ganzoo.players import SYNCHRONISED, BatchNorm

Sum = Callable[[Tensor], None]
"""Puts the sum over all ranks in a tensor's place."""


class GradientMean:
    """Puts the mean over all ranks in the place of each gradient, by one all-reduce of one flat buffer.

    The buffer holds all gradients, a mask that says which there are, and the total that was minimised. Every rank gets
    the same bits, and so takes the same decisions.

    Args:
        parameters: of one player, in the same order on every rank.
        add: sums over the ranks.
        size: number of ranks.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], add: Sum, size: int) -> None:
        self._parameters, self._add, self._size = list(parameters), add, size
        self._unions: dict[tuple[bool, ...], tuple[bool, ...]] = {}
        self._masks: dict[tuple[bool, ...], Tensor] = {}
        counts = [p.numel() for p in self._parameters]
        # In the widest type that any of the parameters has, so that nothing is rounded on the way.
        dtype = reduce(torch.promote_types, [p.dtype for p in self._parameters] or [torch.float32])
        device = self._parameters[0].device if self._parameters else torch.device("cpu")
        self._flat = torch.zeros(sum(counts) + len(counts) + 1, dtype=dtype, device=device)
        *pieces, self._mask, self._total = torch.split(self._flat, [*counts, len(counts), 1])
        self._views = [in_order_of(p, piece) for piece, p in zip(pieces, self._parameters, strict=True)]

    def __call__(self, total: Tensor) -> Tensor:
        """Average the gradients that ``backward`` just left, in place; returns the mean of ``total``, the minimised scalar."""
        has = tuple(p.grad is not None for p in self._parameters)
        self._flat.zero_()
        present = [(view, p.grad) for view, p in zip(self._views, self._parameters, strict=True) if p.grad is not None]
        if present:
            torch._foreach_copy_([view for view, _ in present], [gradient for _, gradient in present])
        if has not in self._masks:
            self._masks[has] = torch.tensor(has, dtype=self._flat.dtype, device=self._flat.device)
        self._mask.copy_(self._masks[has])
        self._total.copy_(total.detach())
        self._add(self._flat)
        self._flat.div_(self._size)
        for view, parameter, anywhere in zip(self._views, self._parameters, self._union(has), strict=True):
            if parameter.grad is not None:
                parameter.grad.copy_(view)
            elif anywhere:
                parameter.grad = view.to(parameter.dtype, copy=True)
        return self._total[0].clone()

    def _union(self, has: tuple[bool, ...]) -> tuple[bool, ...]:
        """Which parameters have a gradient on any rank. On a GPU it is read once for each ``has``, as reading it waits.

        That is safe because which gradients there are follows from the phase, and the phase is the same everywhere.
        """
        if self._flat.device.type == "cpu" or has not in self._unions:
            self._unions[has] = tuple(value > 0 for value in self._mask.tolist())
        return self._unions[has]


def in_order_of(parameter: Tensor, piece: Tensor) -> Tensor:
    """``piece`` (n,) as a tensor of the parameter's shape and order of memory (channels-last, say), which its gradient has too."""
    strides = torch.empty_like(parameter, device="meta").stride()
    return piece.as_strided(parameter.shape, strides, piece.storage_offset())


class MeanOverRanks(torch.autograd.Function):
    """The mean over all ranks of a tensor that each has.

    Each rank minimises its own share of the loss, so the gradient is the mean of the gradients that the ranks have for it.
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor, add: Sum, size: int) -> Tensor:
        """The sum, divided."""
        ctx.add, ctx.size = add, size
        total = values.clone(memory_format=torch.contiguous_format)
        add(total)
        return total.div_(size)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        """The same of gradients, to be differentiated again."""
        return MeanOverRanks.apply(gradients[0], ctx.add, ctx.size), None, None


def synchronise(network: nn.Module, group: dist.ProcessGroup | None) -> None:
    """Put torch's ``SyncBatchNorm`` over the ranks of ``group`` (None: all) in the place of torch's own batch norms, at any depth."""
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if type(child) in SYNCHRONISED:
                setattr(module, name, nn.SyncBatchNorm.convert_sync_batchnorm(child, group))  # type: ignore[no-untyped-call]


def sees_its_batch_only(network: nn.Module) -> bool:
    """Whether what ``network`` makes of a sample depends on the others of the process's share, and on no more."""
    norms = [module for module in network.modules() if isinstance(module, BatchNorm)]
    if norms:
        return not all(isinstance(module, nn.SyncBatchNorm) for module in norms)
    return bool(getattr(network, "mixes_batch", False))
