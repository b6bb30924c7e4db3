"""Optimizers, fused where torch has a fused form, and on a GPU such that their step can be recorded in a CUDA graph."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.config import ResolvedPart
from ganzoo.errors import UserError, did_you_mean
from ganzoo.params.curves import at, moves
from ganzoo.registry import reason

_OF_THE_DEVICE = ("lr", "fused", "foreach", "capturable")
"""Options of a group that depend on where it steps, and are no part of a checkpoint."""


def build(part: ResolvedPart, network: nn.Module | Iterable[nn.Parameter], device: torch.device | None = None) -> torch.optim.Optimizer:
    """The optimizer that ``part`` names over the parameters of ``network``, in a group for each sub-module that it names.

    Its ``scheduled`` holds what ``move`` sets: index of a group, name of a parameter, number or curve. On a GPU the rate is a
    tensor there, so that a recorded step follows its changes.

    Raises:
        UserError: where it cannot be built, has no learning rate, or names no sub-module or no parameter of a group.
    """
    groups = _grouped(part, network)
    try:
        optimizer: torch.optim.Optimizer = part.build([{"params": own, **params} for own, params in groups])
        rates = [float(group["lr"]) for group in optimizer.param_groups]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        what = f"the optimizer '{part.name}' of {part.component.distribution} cannot be built: {reason(error)}"
        raise UserError(what, "change its parameters, or choose another", key=part.key, where=part.where) from error
    given = [part.params | dict(part.groups.get(module, {})) for module in ("", *part.groups)]
    per_group = {name for params in given for name, value in params.items() if moves(value)}.union(*part.groups.values())
    if wrong := sorted(per_group - optimizer.defaults.keys()):
        what = f"{type(optimizer).__name__} has no '{wrong[0]}' in its groups: it is one number for the whole network and run"
        raise UserError(what, "write a number, and none in a group", key=part.key, where=part.where)
    on_gpu = device is not None and device.type == "cuda"
    fused = _is_torchs(optimizer, torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD)
    # A GPU asks for the list form where there is no fused one: torch chooses it for plain parameters only.
    wanted = {"fused": fused, "capturable": on_gpu, "foreach": on_gpu and not fused}
    options = {name: True for name, wants in wanted.items() if wants and name in optimizer.defaults}
    optimizer.defaults |= options
    scheduled: list[tuple[int, str, Any]] = []
    for i, (group, rate, params) in enumerate(zip(optimizer.param_groups, rates, given, strict=True)):
        group |= options
        if on_gpu:
            group["lr"] = torch.tensor(rate, dtype=torch.float32, device=device)
        scheduled += [(i, name, value) for name, value in params.items() if moves(value) and name != "lr"]
        curve = params.get("lr")
        scheduled.append((i, "lr", curve if moves(curve) else rate))  # a constant, too: a skipped step leaves the tensor at 0
    optimizer.scheduled = scheduled  # type: ignore[attr-defined]
    # Steps that are not recorded (warm-up, or a run without graphs) are meant, and cost nothing: torch need not warn of them.
    optimizer._warned_capturable_if_run_uncaptured = True  # type: ignore[attr-defined]
    return optimizer


def _grouped(part: ResolvedPart, network: nn.Module | Iterable[nn.Parameter]) -> list[tuple[list[nn.Parameter], dict[str, Any]]]:
    """Parameters with what differs for them: first those of no named sub-module; the innermost that is named decides."""
    if not isinstance(network, nn.Module):
        return [(list(network), {})]
    owner: dict[int, str] = {}
    for name in sorted(part.groups, key=lambda name: -name.count(".")):
        try:
            module = network.get_submodule(name)
        except AttributeError:
            parts = [name for name, _ in network.named_modules() if name]
            key = f"{part.key}.groups.{name}"
            raise UserError(f"'{name}' is not part of the network", did_you_mean(name, parts), key=key, where=part.where) from None
        for parameter in module.parameters():
            owner.setdefault(id(parameter), name)
    named = [("", {}), *((name, {key: at(value, 0, 1) for key, value in own.items()}) for name, own in part.groups.items())]
    return [([p for p in network.parameters() if owner.get(id(p), "") == name], own) for name, own in named]


def _is_torchs(optimizer: torch.optim.Optimizer, *classes: type) -> bool:
    """Whether it is one of torch's, or derived from one without a step of its own."""
    return isinstance(optimizer, classes) and type(optimizer).step.__module__.startswith("torch.optim.")


def why_not_recorded(optimizer: torch.optim.Optimizer) -> str:
    """Why a replay of its step would not repeat all that the step does; "" where it would.

    ``capturable`` says that it would, and of torch's SGD it is known. Of what moves along a curve, the rate alone is a tensor.
    """
    if "capturable" not in optimizer.defaults and not _is_torchs(optimizer, torch.optim.SGD):
        return f"{type(optimizer).__name__} has no 'capturable' among its defaults, so its step may count in Python"
    moving = sorted({name for _, name, value in getattr(optimizer, "scheduled", ()) if name != "lr" and moves(value)})
    return f"{type(optimizer).__name__} takes {', '.join(moving)}, which moves along a curve, as a number from Python" if moving else ""


def move(optimizer: torch.optim.Optimizer, step: int, total: int) -> None:
    """Set what is scheduled of each group to its value at ``step`` of ``total``, without waiting for the device."""
    for i, name, value in getattr(optimizer, "scheduled", ()):
        group = optimizer.param_groups[i]  # loading a state puts new mappings there
        now = at(value, step, total)
        if isinstance(group[name], Tensor):
            group[name].fill_(now)
        else:
            group[name] = now


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
