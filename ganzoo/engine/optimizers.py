"""Optimizers, fused where torch has a fused form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from ganzoo.config import Part

_CLASSES: dict[str, type[torch.optim.Optimizer]] = {"adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop, "sgd": torch.optim.SGD}
_FUSED = {"adam", "sgd"}


def build(part: Part, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The optimizer that ``part`` names over ``parameters``; each group remembers its unscaled rate as ``base_lr``."""
    extra: dict[str, Any] = {"fused": True} if part.name in _FUSED else {}
    optimizer = _CLASSES[part.name](parameters, **part.params, **extra)  # type: ignore[call-arg]
    for group in optimizer.param_groups:
        group["base_lr"] = group["lr"]
    return optimizer


def scale_rate(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Set each group's rate to ``factor`` times its own."""
    for group in optimizer.param_groups:
        group["lr"] = group["base_lr"] * factor
