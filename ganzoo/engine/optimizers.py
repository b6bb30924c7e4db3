"""Optimizers, fused where torch has a fused form, and on a GPU such that their step can be recorded in a CUDA graph."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.config import Part

_CLASSES: dict[str, type[torch.optim.Optimizer]] = {"adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop, "sgd": torch.optim.SGD}
_FUSED = {"adam", "sgd"}
_CAPTURABLE = {"adam", "rmsprop"}
_OF_THE_DEVICE = ("lr", "fused", "foreach", "capturable")
"""Options of a group that depend on where it steps, and are no part of a checkpoint."""


def build(part: Part, parameters: Iterable[nn.Parameter], device: torch.device | None = None) -> torch.optim.Optimizer:
    """The optimizer that ``part`` names over ``parameters``; each group remembers its unscaled rate as ``base_lr``.

    Args:
        part: adam, rmsprop or sgd, with its parameters.
        parameters: what it steps.
        device: where they live. On a GPU the rate is a tensor there, so that a recorded step follows its changes.
    """
    extra: dict[str, Any] = {"fused": True} if part.name in _FUSED else {}
    rate = part.params["lr"]
    if device is not None and device.type == "cuda":
        extra |= {"capturable": True} if part.name in _CAPTURABLE else {}
        extra["lr"] = torch.tensor(rate, dtype=torch.float32, device=device)
        extra |= {} if part.name in _FUSED else {"foreach": True}  # torch chooses it for plain parameters only
    optimizer = _CLASSES[part.name](parameters, **{**part.params, **extra})
    for group in optimizer.param_groups:
        group["base_lr"] = rate
    # Steps that are not recorded (warm-up, or a run without graphs) are meant, and cost nothing: torch need not warn of them.
    optimizer._warned_capturable_if_run_uncaptured = True  # type: ignore[attr-defined]
    return optimizer


def scale_rate(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Set each group's rate to ``factor`` times its own, without waiting for the device."""
    for group in optimizer.param_groups:
        rate = group["base_lr"] * factor
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate


def skip_where(optimizer: torch.optim.Optimizer, flag: Tensor) -> None:
    """From now on, let ``optimizer`` change nothing while ``flag`` (a float scalar on its device) is 1."""
    optimizer.found_inf = flag  # type: ignore[attr-defined]  # what GradScaler sets, too: fused steps skip where it is 1
    if not optimizer.defaults.get("fused"):
        optimizer.register_step_pre_hook(partial(_skip, flag))


def _skip(flag: Tensor, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
    """Make a step without the fused form harmless where ``flag`` is 1: no gradient, no rate."""
    held = flag.bool()
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            if parameter.grad is not None:
                parameter.grad.masked_fill_(held, 0)
        if isinstance(group["lr"], Tensor):
            group["lr"].mul_(1 - flag)


def state_of(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """What ``restore`` takes, the same on every device."""
    state = optimizer.state_dict()
    groups = [{name: value for name, value in group.items() if name not in _OF_THE_DEVICE} for group in state["param_groups"]]
    return {"state": state["state"], "param_groups": groups}


def restore(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Continue from ``state_of``, written on this device or another.

    Raises:
        ValueError: where it belongs to other parameters.
    """
    own = [{name: group[name] for name in _OF_THE_DEVICE if name in group} for group in optimizer.param_groups]
    if len(own) != len(state["param_groups"]):
        raise ValueError(f"{len(state['param_groups'])} groups of parameters, {len(own)} wanted")
    groups = [{**group, **mine} for group, mine in zip(state["param_groups"], own, strict=True)]
    optimizer.load_state_dict({"state": state["state"], "param_groups": groups})
