"""Networks that mix the samples of a batch, where several processes have a share of it each."""

from __future__ import annotations

import torch.distributed as dist
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm as BatchNorm

from ganzoo.players import SYNCHRONISED


def synchronise(network: nn.Module, group: dist.ProcessGroup | None) -> None:
    """Put torch's ``SyncBatchNorm`` in the place of its batch norms, with their parameters and statistics.

    Only torch's own classes are replaced (``SYNCHRONISED``).

    Args:
        network: whose norms, at any depth.
        group: the ranks whose shares make the batch; None: all.
    """
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
