"""A dry run of both turns: real shapes and gradients on fake memory."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn

from ganzoo.errors import ContractError, UserError
from ganzoo.fields import DataSpec, Fields
from ganzoo.players import frozen
from ganzoo.rules import Plan, merge_terms
from ganzoo.turn import Side, Turn

from .accumulated import only_a_part, whole
from .plans import SIDES, at
from .verdict import Players, Problem, join, name_of, reason_of, remedy_for

TRIED = 4
"""Samples of a dry run, where a batch has as many."""
TOO_FEW = re.compile(r"Expected more than 1 value per channel|more than one value per channel", re.IGNORECASE)


@contextmanager
def fake_tensors() -> Iterator[None]:
    """FakeTensorMode with its logger silent and the random state left as it was.

    A module may be deep-copied inside, as ``nn.TransformerEncoder`` does: the copy's tensors belong to the same mode.
    """
    from torch._subclasses.fake_tensor import FakeTensorMode

    logger = logging.getLogger("torch._subclasses.fake_tensor")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with (
            torch.random.fork_rng(devices=[]),
            warnings.catch_warnings(),
            mock.patch.object(FakeTensorMode, "__deepcopy__", lambda mode, memo: mode, create=True),
            # Spectral norm's power iterations find no value here, and were most of the check of a network that has many.
            mock.patch("torch.nn.utils.parametrizations._SpectralNorm._power_method", _iterated),
            FakeTensorMode(),
        ):
            warnings.filterwarnings("ignore", message="Accessing the data pointer of FakeTensor")  # as a deep copy does
            yield
    finally:
        logger.setLevel(level)


def _iterated(norm: Any, weight: Tensor, n: int) -> None:
    """What is left of the power iterations: that they change a buffer."""
    torch.autograd.graph.increment_version(norm._u)


def dry_run(
    players: Players,
    data: DataSpec,
    plans: Mapping[int, Plan],
    batch: int = TRIED,
    processes: int = 1,
    accumulate: int = 1,
    turn: Callable[..., Turn] = Turn,
) -> tuple[list[Problem], list[str]]:
    """Run both turns of each plan by its own losses, gradients included, with few samples of what a process has at once.

    Returns:
        The first problem of each turn, and notes on players that stay frozen although a plan gives them updates.
    """
    problems: dict[str, Problem] = {}
    idle: dict[str, list[int]] = {side: [] for side in SIDES}
    networks = nn.ModuleDict(players.networks)
    moving = {side: [step for step, plan in plans.items() if getattr(plan, f"{side}_updates")] for side in idle}
    for step, plan in plans.items():
        for side in SIDES:
            if side in problems or step not in moving[side]:
                continue
            n = min(TRIED, plan.batch_size.get(side, batch) // (processes * accumulate))
            real, mean = example_batch(data, n) | plan_fields(plan), only_a_part if accumulate > 1 else whole
            try:
                with frozen(networks.get_submodule(name) for name in plan.frozen):
                    moved = _one_turn(side, networks[side], players, plan, real, n, partial(turn, average=mean))  # type: ignore[arg-type]
            except UserError as error:
                problems[side] = Problem(error.key or players.key_of(error) or side, f"{error.what}{at(step)}", error.remedy)
            except Exception as error:  # whatever a plugin's code raises is the reason
                problems[side] = _failed(side, players, error, at(step), n)
            else:
                idle[side] += [] if moved else [step]
    for side, steps in idle.items():
        if steps and steps == moving[side] and side not in problems:
            what = f"no loss gives the {side} anything to minimise (given: {join(players.losses)})"
            problems[side] = Problem("loss", what, "add an adversarial loss")
    for step in set(idle["critic"]) & set(idle["generator"]):
        problems.setdefault("both", Problem("schedule", f"nothing trains{at(step)}: no loss that acts there gives anything to minimise"))
    notes = [f"the {side} has nothing to minimise{at(step) or ' at first'}" for side, steps in idle.items() for step in steps]
    return list(dict.fromkeys(problems.values())), notes  # both turns run the generator


def _failed(side: str, players: Players, error: Exception, when: str, n: int) -> Problem:
    key = players.key_of(error) or side
    if n == 1 and TOO_FEW.search(str(error)):
        who = f"{key.partition('.')[0]} {name_of(players.components[key])}"
        remedy = "set it to at least 2 for each process, or choose another norm"
        return Problem("train.batch_size", f"a norm of the {who} needs more than the one sample that it gets{when}", remedy)
    return Problem(key, f"the {side}'s turn{when} fails: {reason_of(error)}", remedy_for(error))


def _one_turn(side: Side, network: nn.Module, players: Players, plan: Plan, batch: Fields, n: int, of: Callable[..., Turn]) -> bool:
    """One turn of ``side``; returns whether it has anything to minimise."""
    acting = {name: loss for name, loss in players.losses.items() if plan.names(name)}
    turn = of(side, players.generator, players.critic, batch, players.generator.draw(n), views=list(acting.values()))
    terms = merge_terms(acting, turn)
    if not any(term.requires_grad for term in terms.values()):
        return False
    total = torch.stack(list(terms.values())).sum()
    trainable = [p for p in network.parameters() if p.requires_grad]
    if not plan.frozen and all(gradient is None for gradient in torch.autograd.grad(total, trainable, allow_unused=True)):
        raise ContractError(f"no gradient reaches the {side}", "choose losses that judge what it makes", key="loss")
    with torch.no_grad():
        for loss in acting.values():
            own = turn.on(loss.route)
            loss.after(own)
            if side == "critic":
                loss.estimates(own)
                loss.constrain_(players.critic)
    return True


def example_batch(data: DataSpec, n: int) -> Fields:
    """A batch of the data's shapes: noise, labels in range, and class maps of the class 0."""
    noise = {name: torch.randn(n, *shape) for name, shape in data.fields.items()}
    maps = {name: torch.zeros_like(noise[name], dtype=torch.int64) for name in data.class_maps}
    return noise | maps | ({"label": torch.randint(0, max(data.classes, 1), (n,))} if "label" in noise else {})


def plan_fields(plan: Plan, device: torch.device | None = None) -> dict[str, Any]:
    """A plan's ``values`` as fields: floats become scalars on the device, integers and strings stay as they are."""
    return {name: torch.full((), v, device=device) if isinstance(v, float) else v for name, v in plan.values.items()}
