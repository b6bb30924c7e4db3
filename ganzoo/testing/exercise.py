"""Running a component as a run would: a network on a batch, a loss on a turn of each side.

What comes back is named tensors, so that one check can compare, differentiate or move them whatever the kind.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.compat import example_batch
from ganzoo.fields import DataSpec, Fields, Terms
from ganzoo.players import Critic, Generator
from ganzoo.rules import Loss, merge_terms
from ganzoo.turn import Side, Turn

from .randomness import seeded
from .toys import SmoothCritic, SmoothGenerator

Autocast = Callable[[], AbstractContextManager[Any]]


def batch_of(data: DataSpec, n: int, device: torch.device | None = None) -> Fields:
    """A batch of the data's shapes: images in [-1, 1], labels in range."""
    fields = example_batch(data, n)
    bounded = {name: value.tanh() if len(data.fields[name]) == 3 else value for name, value in fields.items()}
    return {name: move_tensor(value, device) for name, value in bounded.items()}


def inputs_of(network: Generator | Critic, data: DataSpec, n: int, device: torch.device | None = None) -> Fields:
    """What a network is given: a batch, and what a generator draws."""
    return batch_of(data, n, device) | (network.draw(n, device) if isinstance(network, Generator) else {})


def run_network(network: Generator | Critic, fields: Fields, autocast: Autocast = nullcontext) -> dict[str, Tensor]:
    """The network's own outputs on ``fields``, checked by the turn as in a run."""
    if isinstance(network, Generator):
        made = Turn("generator", network, Critic(), fields, {}, autocast=autocast).make(fields)
        return {name: made[name] for name in network.gives}
    return Turn("critic", Generator(), network, fields, {}, autocast=autocast).judge(fields)


def toy_turn(
    side: Side,
    loss: Loss,
    data: DataSpec,
    *,
    autocast: Autocast = nullcontext,
    double: bool = False,
    device: torch.device | None = None,
    turn: type[Turn] = Turn,
    n: int = 6,
) -> tuple[Turn, SmoothGenerator, SmoothCritic]:
    """A turn with toy networks that give whatever ``loss`` asks for, and the networks."""
    generator = move_(SmoothGenerator(data), device)
    critic = move_(SmoothCritic(data, loss.scores | {"score"}), device)
    fields = batch_of(data, n, device) | generator.draw(n, device)
    if double:
        generator, critic = generator.double(), critic.double()
        fields = {name: value.double() if value.is_floating_point() else value for name, value in fields.items()}
    drawn = {"latent": fields.pop("latent")}
    return turn(side, generator, critic, fields, drawn, views=[loss], autocast=autocast), generator, critic


def run_loss(loss: Loss, data: DataSpec, *, autocast: Autocast = nullcontext, device: torch.device | None = None) -> dict[str, Tensor]:
    """The terms and estimates of both sides, with ``after`` and ``constrain_`` where a run calls them."""
    found: dict[str, Tensor] = {}
    sides: tuple[Side, Side] = ("critic", "generator")
    for side in sides:
        turn, _, critic = toy_turn(side, loss, data, autocast=autocast, device=device)
        terms: Terms = merge_terms({"": loss}, turn)
        with torch.no_grad():
            estimates = loss.estimates(turn) if side == "critic" else {}
            loss.after(turn)
            if side == "critic":
                loss.constrain_(critic)
                found |= {f"critic's {name}": p.clone() for name, p in critic.named_parameters()}
        found |= {f"{side}/{name}": value for name, value in {**estimates, **terms}.items()}
    return found


def exercise(
    component: Any, data: DataSpec, *, seed: int | None = 0, autocast: Autocast = nullcontext, device: torch.device | None = None
) -> dict[str, Tensor]:
    """What the component makes of inputs that follow from ``seed``; None: from the random numbers as they stand."""
    with nullcontext() if seed is None else seeded(seed):
        if isinstance(component, Loss):
            return run_loss(component, data, autocast=autocast, device=device)
        return run_network(component, inputs_of(component, data, 4, device), autocast)


def differentiable(outputs: dict[str, Tensor]) -> list[Tensor]:
    """Those outputs that a gradient can start from."""
    return [value for value in outputs.values() if value.requires_grad]


def move_tensor(value: Tensor, device: torch.device | None) -> Tensor:
    """A copy of ``value`` on ``device``; None: itself. A meta device keeps the shape only."""
    return value if device is None else torch.empty_like(value, device=device).copy_(value)


def move_(network: Any, device: torch.device | None) -> Any:
    """Put parameters and buffers onto ``device``: ``Module.to`` cannot do it with fake tensors."""
    if device is None or not isinstance(network, nn.Module):
        return network
    for module in network.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            setattr(module, name, nn.Parameter(move_tensor(parameter.detach(), device), requires_grad=parameter.requires_grad))
        for name, buffer in list(module.named_buffers(recurse=False)):
            setattr(module, name, move_tensor(buffer, device))
    return network
