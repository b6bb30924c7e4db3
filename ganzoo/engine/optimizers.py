"""Optimizers, fused where torch has a fused form, and on a GPU such that their step can be recorded in a CUDA graph."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.config import ResolvedPart
from ganzoo.errors import UserError
from ganzoo.registry import reason

_OF_THE_DEVICE = ("lr", "fused", "foreach", "capturable")
"""Options of a group that depend on where it steps, and are no part of a checkpoint."""


def build(part: ResolvedPart, parameters: Iterable[nn.Parameter], device: torch.device | None = None) -> torch.optim.Optimizer:
    """The optimizer that ``part`` names over ``parameters``; each group remembers its unscaled rate as ``base_lr``.

    Args:
        part: its class, with every parameter.
        parameters: what it steps.
        device: where they live. On a GPU the rate is a tensor there, so that a recorded step follows its changes.

    Raises:
        UserError: where it cannot be built, or has no learning rate.
    """
    try:
        optimizer: torch.optim.Optimizer = part.build(parameters)
        rates = [float(group["lr"]) for group in optimizer.param_groups]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        what = f"the optimizer '{part.name}' of {part.component.distribution} cannot be built: {reason(error)}"
        raise UserError(what, "change its parameters, or choose another", key=part.key, where=part.where) from error
    on_gpu = device is not None and device.type == "cuda"
    fused = _is_torchs(optimizer, torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD)
    # A GPU asks for the list form where there is no fused one: torch chooses it for plain parameters only.
    wanted = {"fused": fused, "capturable": on_gpu, "foreach": on_gpu and not fused}
    options = {name: True for name, wants in wanted.items() if wants and name in optimizer.defaults}
    optimizer.defaults |= options
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group |= {**options, "base_lr": rate}
        if on_gpu:
            group["lr"] = torch.tensor(rate, dtype=torch.float32, device=device)
    # Steps that are not recorded (warm-up, or a run without graphs) are meant, and cost nothing: torch need not warn of them.
    optimizer._warned_capturable_if_run_uncaptured = True  # type: ignore[attr-defined]
    return optimizer


def _is_torchs(optimizer: torch.optim.Optimizer, *classes: type) -> bool:
    """Whether it is one of torch's, or derived from one without a step of its own."""
    return isinstance(optimizer, classes) and type(optimizer).step.__module__.startswith("torch.optim.")


def recordable(optimizer: torch.optim.Optimizer) -> bool:
    """Whether a replay of its step repeats all that the step does: ``capturable`` says so, and of torch's SGD it is known."""
    return "capturable" in optimizer.defaults or _is_torchs(optimizer, torch.optim.SGD)


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


def descend(optimizer: torch.optim.Optimizer, steps: int) -> list[Tensor]:
    """Take steps on half the sum of squares, to try an optimizer; returns copies of its parameters."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for _ in range(steps):
        for parameter in parameters:
            parameter.grad = parameter.detach().clone()
        optimizer.step()
    return [parameter.detach().clone() for parameter in parameters]
