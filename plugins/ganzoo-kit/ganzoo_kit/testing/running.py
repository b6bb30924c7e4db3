"""Running a component as a run would, for a check: its inputs, its outputs by name, the random numbers, and what only the engine may do."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import _SpectralNorm
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.overrides import TorchFunctionMode

from ganzoo.errors import ContractError
from ganzoo.fields import DataSpec, Fields
from ganzoo.players import Critic, Generator
from ganzoo.rules import Loss, merge_terms
from ganzoo.turn import Turn

from .game import SIDES, Autocast, inputs_of, move_, smooth_game


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch, numpy and Python as a run does; afterwards all three go on as if nothing had been drawn."""
    before = torch.get_rng_state(), np.random.get_state(), random.getstate()
    # Without an accelerator torch.manual_seed would keep the whole stack, in words, for each kind that may come: a thousand times the work.
    (torch.manual_seed if torch.accelerator.is_available() else torch.default_generator.manual_seed)(seed)
    np.random.seed(seed)
    random.seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(before[0])
        np.random.set_state(before[1])
        random.setstate(before[2])


@contextmanager
def started_quickly() -> Iterator[None]:
    """Begin spectral norms with one step of the power method for torch's fifteen: most of the time that building such a network takes."""
    iterate = _SpectralNorm._power_method

    def once(norm: _SpectralNorm, weight: Tensor, n: int) -> None:
        iterate(norm, weight, min(n, 1))

    with mock.patch.object(_SpectralNorm, "_power_method", once):
        yield


@torch.no_grad()
def randomise_(network: nn.Module, std: float, seed: int = 0) -> None:
    """Give every parameter values N(0, ``std``): initial zeros would hide whether anything depends on it."""
    with seeded(seed):
        for parameter in network.parameters():
            parameter.copy_(std * torch.randn(parameter.shape))


def run_network(network: Generator | Critic, fields: Fields, autocast: Autocast = nullcontext) -> dict[str, Tensor]:
    """The network's own outputs on ``fields``, checked by the turn as in a run."""
    if isinstance(network, Generator):
        made = Turn("generator", network, Critic(), fields, {}, autocast=autocast).make(fields)
        return {name: made[name] for name in network.gives}
    return Turn("critic", Generator(), network, fields, {}, autocast=autocast).judge(fields)


def run_loss(
    loss: Loss, data: DataSpec, *, autocast: Autocast = nullcontext, device: torch.device | None = None, slope: float = 1.0
) -> dict[str, Tensor]:
    """Terms and estimates of both sides and the critic's parameters, with ``after`` and ``constrain_`` where a run calls them."""
    found: dict[str, Tensor] = {}
    for side in SIDES:
        game = smooth_game(loss, data, device=device, slope=slope)
        turn = game.turn(side, autocast=autocast)
        terms = merge_terms({type(loss).__name__: loss}, turn)
        with torch.no_grad():
            estimates = loss.estimates(turn) if side == "critic" else {}
            loss.after(turn)
            if side == "critic":
                loss.constrain_(game.critic)
                found |= {f"critic's {name}": p.clone() for name, p in game.critic.named_parameters()}
        found |= {f"{side}/{name}": value for name, value in {**estimates, **terms}.items()}
    return found


def exercise(
    component: Any,
    data: DataSpec,
    *,
    seed: int | None = 0,
    autocast: Autocast = nullcontext,
    device: torch.device | None = None,
    slope: float = 1.0,
) -> dict[str, Tensor]:
    """What the component makes of inputs that follow from ``seed``; None: from the random numbers as they stand.

    A loss's critic has its output layers multiplied by ``slope``.
    """
    with nullcontext() if seed is None else seeded(seed):
        if isinstance(component, Loss):
            return run_loss(component, data, autocast=autocast, device=device, slope=slope)
        return run_network(component, inputs_of(component, data, 4, device), autocast)


def differentiable(outputs: dict[str, Tensor]) -> list[Tensor]:
    """Those outputs that a gradient can start from."""
    return [value for value in outputs.values() if value.requires_grad]


NEEDS_THE_VALUE = ("DataDependent", "DynamicOutputShape")
"""Parts of the names of the errors by which fake tensors say that a value was asked for."""


@contextmanager
def no_training() -> Iterator[None]:
    """Refuse ``backward``, ``zero_grad`` and an optimizer's ``step``."""

    def refuse(what: str) -> Any:
        def refused(*_: Any, **__: Any) -> None:
            raise ContractError(f"it calls {what}, which only the engine may", "return terms; the engine minimises their sum")

        return refused

    handle = register_optimizer_step_pre_hook(refuse("an optimizer's step"))
    try:
        with (
            mock.patch.object(torch.autograd, "backward", refuse("backward")),
            mock.patch.object(torch.optim.Optimizer, "zero_grad", refuse("zero_grad")),
            mock.patch.object(torch.nn.Module, "zero_grad", refuse("zero_grad")),
        ):
            yield
    finally:
        handle.remove()


def reads_a_value(error: BaseException) -> bool:
    """Whether ``error`` is fake tensors objecting that a value was asked for."""
    return any(word in type(error).__name__ for word in NEEDS_THE_VALUE)


class NoMoves(TorchFunctionMode):
    """Refuse that a tensor is moved to another device than its own."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if name in ("to", "cpu", "cuda") and isinstance(result, torch.Tensor) and result.device != args[0].device:
            raise ContractError(
                f"it moves a tensor from its device ({name} to '{result.device}')", "make new tensors with device=x.device, move none"
            )
        return result


def run_on(device: torch.device, component: Any, data: DataSpec) -> tuple[dict[str, Tensor], Exception | None]:
    """What a component makes on ``device``, moving nothing itself; and what it raises."""
    try:
        with NoMoves():
            return exercise(move_(component, device), data, device=device), None
    except Exception as error:  # whatever a plugin's code raises is the finding
        return {}, error
