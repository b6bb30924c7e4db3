"""Whether the parts of a batch make the whole, where ``train.accumulate`` cuts it: nothing may depend on two samples at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from torch import Tensor, nn

from ganzoo.errors import ContractError
from ganzoo.players import BatchNorm
from ganzoo.rules import Loss, Plan

from .plans import SIDES, at
from .verdict import Players, Problem, name_of

Mean = Callable[[Tensor], Tensor]
KEY = "train.accumulate"
REMEDY = "set train.accumulate to 1, or leave that out"


def accumulate_problems(players: Players, plans: Mapping[int, Plan], batch: int, processes: int, parts: int) -> Iterator[Problem]:
    """Batches that cannot be cut evenly; and what is declared to mix samples, where there are several parts."""
    sizes = {plan.batch_size.get(side, batch): (step, side in plan.batch_size) for step, plan in plans.items() for side in SIDES}
    for size, (step, planned) in sizes.items():
        if size % (processes * parts):
            shares = f"equal parts{f', {parts} for each of {processes} processes' if processes > 1 else ''}"
            what = f"a batch of {size}{at(step)} cannot be cut into {processes * parts} {shares}"
            yield Problem("schedule" if planned else KEY, what, f"take batches of a multiple of {processes * parts}")
    if parts == 1:
        return
    for side, network in players.networks.items():
        if any(isinstance(module, BatchNorm) or getattr(module, "mixes_batch", False) for module in network.modules()):
            yield Problem(KEY, f"the {side} {name_of(network)} mixes the samples of a batch, and would see a part of them only", REMEDY)
    for name, loss in players.losses.items():
        if loss.mixes_batch:
            yield Problem(KEY, f"loss '{name}' compares the samples of a batch, and would see a part of them only", REMEDY)
        elif type(loss).after is not Loss.after:
            yield Problem(KEY, f"loss '{name}' changes its state by what it sees of a batch, which would be a part of it", REMEDY)
    for step, plan in plans.items():
        if plan.share_fake:
            yield Problem(KEY, f"one fake is shared by both turns{at(step)}, which parts of a batch have one after the other", REMEDY)


def whole(mean: Tensor) -> Tensor:
    """The mean over a batch that is not cut."""
    return mean


def only_a_part(mean: Tensor) -> Tensor:
    """What ``Turn.mean`` is where a batch is cut."""
    raise ContractError("it takes a mean over a whole batch, of which train.accumulate gives it parts", f"{REMEDY} (mixes_batch = True)")


def buffers_of(players: Players) -> dict[str, int]:
    """The version of each buffer of the networks, which counts its changes."""
    networks = nn.ModuleDict(players.networks)
    return {name: buffer._version for name, buffer in networks.named_buffers()}


def changed_buffers(before: Mapping[str, int], players: Players) -> Iterator[Problem]:
    """Networks that every forward changes: several parts would change them several times."""
    changed = {name.partition(".")[0]: name for name, version in buffers_of(players).items() if before.get(name) != version}
    for side, name in changed.items():
        who = f"the {side} {name_of(players.networks[side])}"
        yield Problem(KEY, f"{who} changes its buffer '{name.partition('.')[2]}' in every forward, and parts have several", REMEDY)
