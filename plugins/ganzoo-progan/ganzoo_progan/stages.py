"""The stages of a network that grows: from one to the next, the sides of the pictures double (Karras et al., 2018, arXiv:1710.10196)."""

from __future__ import annotations

from ganzoo_layers.sizes import halvings
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from ganzoo import DataSpec

PAPER = "Karras et al., 2018, arXiv:1710.10196"


def last_stage(data: DataSpec, who: str) -> int:
    """The stage whose pictures have the size of the data's; stage 0 has the innermost map's.

    Raises:
        UserError: where ``data`` has an unfit shape; it names ``who``.
    """
    return halvings(data, who, least=1)[1]


def larger(pictures: Tensor, times: int = 2) -> Tensor:
    """Each pixel repeated ``times`` x ``times``."""
    return interpolate(pictures, scale_factor=float(times), mode="nearest") if times > 1 else pictures


def smaller(pictures: Tensor, times: int = 2) -> Tensor:
    """Means of ``times`` x ``times`` pixels."""
    return avg_pool2d(pictures, times) if times > 1 else pictures


def between(before: Tensor, after: Tensor, alpha: Tensor) -> Tensor:
    """``before`` at alpha 0, ``after`` at alpha 1."""
    return before + alpha * (after - before)
