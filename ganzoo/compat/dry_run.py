"""A dry run of both turns: real shapes and gradients on fake memory."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from ganzoo.errors import ContractError, UserError
from ganzoo.fields import DataSpec, Fields
from ganzoo.rules import Plan, merge_terms
from ganzoo.turn import Side, Turn

from .verdict import Players, Problem, join, reason_of, remedy_for


@contextmanager
def fake_tensors() -> Iterator[None]:
    """FakeTensorMode with its logger silent and the random state left as it was."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    logger = logging.getLogger("torch._subclasses.fake_tensor")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with torch.random.fork_rng(devices=[]), FakeTensorMode():
            yield
    finally:
        logger.setLevel(level)


def dry_run(players: Players, data: DataSpec, n: int = 4) -> list[Problem]:
    """Run both turns with ``n`` samples, gradients included; the first problem of each turn, or none."""
    batch = example_batch(data, n) | plan_fields(players.schedule.plan(0, 1))
    problems = []
    for side, network in (("critic", players.critic), ("generator", players.generator)):
        try:
            _one_turn(side, network, players, batch, n)  # type: ignore[arg-type]
        except UserError as error:
            problems.append(Problem(error.key or side, error.what, error.remedy))
        except Exception as error:  # whatever a plugin's code raises is the reason
            problems.append(Problem(side, f"the {side}'s turn fails: {reason_of(error)}", remedy_for(error)))
    return problems


def _one_turn(side: Side, network: nn.Module, players: Players, batch: Fields, n: int) -> None:
    losses = players.losses
    turn = Turn(side, players.generator, players.critic, batch, players.generator.draw(n), views=list(losses.values()))
    terms = merge_terms(losses, turn)
    if not any(term.requires_grad for term in terms.values()):
        raise ContractError(f"no loss gives the {side} anything to minimise (given: {join(losses)})", "add an adversarial loss", key="loss")
    total = torch.stack(list(terms.values())).sum()
    trainable = [p for p in network.parameters() if p.requires_grad]
    if all(gradient is None for gradient in torch.autograd.grad(total, trainable, allow_unused=True)):
        raise ContractError(f"no gradient reaches the {side}", "choose losses that judge what it makes", key="loss")
    with torch.no_grad():
        for loss in losses.values():
            loss.after(turn)
            if side == "critic":
                loss.estimates(turn)
                loss.constrain_(players.critic)


def example_batch(data: DataSpec, n: int) -> Fields:
    """A batch of the data's shapes: noise, labels in range, and class maps of the class 0."""
    noise = {name: torch.randn(n, *shape) for name, shape in data.fields.items()}
    maps = {name: torch.zeros_like(noise[name], dtype=torch.int64) for name in data.class_maps}
    return noise | maps | ({"label": torch.randint(0, max(data.classes, 1), (n,))} if "label" in noise else {})


def plan_fields(plan: Plan, device: torch.device | None = None) -> dict[str, Any]:
    """A plan's ``values`` as fields: floats become scalars on the device, integers and strings stay as they are."""
    return {name: torch.full((), v, device=device) if isinstance(v, float) else v for name, v in plan.values.items()}
