"""Running a component as a run would: a network on a batch, a loss on a turn of each side.

What comes back is named tensors, so that one check can compare, differentiate or move them whatever the kind.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from ganzoo.fields import DataSpec, Fields
from ganzoo.players import Critic, Generator
from ganzoo.rules import Loss, merge_terms
from ganzoo.turn import Turn

from .game import SIDES, Autocast, smooth_game
from .inputs import inputs_of
from .randomness import seeded


def run_network(network: Generator | Critic, fields: Fields, autocast: Autocast = nullcontext) -> dict[str, Tensor]:
    """The network's own outputs on ``fields``, checked by the turn as in a run."""
    if isinstance(network, Generator):
        made = Turn("generator", network, Critic(), fields, {}, autocast=autocast).make(fields)
        return {name: made[name] for name in network.gives}
    return Turn("critic", Generator(), network, fields, {}, autocast=autocast).judge(fields)


def run_loss(loss: Loss, data: DataSpec, *, autocast: Autocast = nullcontext, device: torch.device | None = None) -> dict[str, Tensor]:
    """Terms and estimates of both sides and the critic's parameters, with ``after`` and ``constrain_`` where a run calls them."""
    found: dict[str, Tensor] = {}
    for side in SIDES:
        game = smooth_game(loss, data, device=device)
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
