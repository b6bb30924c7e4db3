"""Does this combination fit? Answered before any training, on built instances.

The networks are built and both turns run inside ``FakeTensorMode``: shapes, fields and gradients are real, memory and
arithmetic are not, so a billion parameters cost no more than a thousand. It also catches a component that reads a
tensor's value (``.item()``, a branch), which would stop the GPU at every step.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import nn
from torch.nn.utils import parametrize

from .errors import UserError
from .fields import DataSpec, Fields, named_arguments
from .players import Critic, Generator
from .rules import Loss, Plan, Schedule, merge_terms
from .turn import Side, Turn


class Buildable(Protocol):
    """A chosen component with its parameters: what ``config.ResolvedPart`` is."""

    @property
    def name(self) -> str: ...

    def build(self, data: DataSpec) -> Any: ...


@dataclass
class Verdict:
    """What was found: ``problems`` refuse the combination, ``notes`` are worth knowing."""

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def fits(self) -> bool:
        """Whether nothing refuses the combination."""
        return not self.problems


@dataclass
class Players:
    """Built instances of one combination."""

    generator: Generator
    critic: Critic
    losses: dict[str, Loss]
    schedule: Schedule


def check(generator: Buildable, critic: Buildable, losses: Sequence[Buildable], schedule: Buildable, data: DataSpec) -> Verdict:
    """Whether the combination fits the data: static rules first, then a dry run of both turns.

    Args:
        generator, critic, losses, schedule: chosen components; each is built here, on fake memory.
        data: what the data gives.
    """
    verdict = Verdict()
    with fake_tensors():
        try:
            players = Players(
                _build("generator", generator, data, Generator),
                _build("critic", critic, data, Critic),
                {part.name: _build("loss", part, data, Loss) for part in losses},
                _build("schedule", schedule, data, Schedule),
            )
            verdict.problems += static_problems(players, data)
            verdict.notes += static_notes(players)
            if verdict.fits:
                verdict.problems += dry_run(players, data)
        except UserError as error:
            verdict.problems.append(_text(error))
    return verdict


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


def _build(kind: str, part: Buildable, data: DataSpec, base: type) -> Any:
    try:
        built = part.build(data)
    except UserError as error:
        raise UserError(f"{kind} '{part.name}': {_text(error)}") from error
    except Exception as error:
        raise UserError(f"{kind} '{part.name}' cannot be built for this data: {_reason(error)}") from error
    if not isinstance(built, base):
        raise UserError(f"{kind} '{part.name}' is a {type(built).__name__}, no {base.__name__}")
    return built


def static_problems(players: Players, data: DataSpec) -> list[str]:
    """What the declarations alone rule out: fields and scores needed but not given, and norms that break a penalty."""
    generator, critic = players.generator, players.critic
    plan = players.schedule.plan(0, 1)
    drawn = set(generator.draw(2)) | set(plan.values)
    before, after = set(data.fields) | drawn, set(data.fields) | drawn | generator.gives
    problems = []
    for who, needs, given in (
        (f"generator {type(generator).__name__}", named_arguments(type(generator)), before),
        (f"critic {type(critic).__name__}", named_arguments(type(critic)), after),
        *((f"loss '{name}'", loss.reads, after) for name, loss in players.losses.items()),
    ):
        problems += [f"{who} needs the field '{name}', which this data does not give (it gives {_join(data.fields)})" for name in needs if name not in given]
    for name, loss in players.losses.items():
        for score in sorted(loss.scores - critic.gives):
            problems.append(f"loss '{name}' needs the critic output '{score}', but critic {type(critic).__name__} gives {_join(critic.gives)}")
        if loss.per_sample and mixes_batch(critic):
            problems.append(
                f"loss '{name}' needs each score to depend on its own sample alone, but critic {type(critic).__name__} uses "
                f"{critic.norm if critic.mixes_batch else 'batch'} norm, which mixes the batch; choose a norm that doesn't (none, layer, instance)"
            )
        if type(loss).constrain_ is not Loss.constrain_ and has_parametrization(critic):
            problems.append(f"loss '{name}' changes weights in place, but those of critic {type(critic).__name__} are computed (spectral norm); drop one")
    if plan.share_fake and (plan.critic_updates, plan.generator_updates) != (1, 1):
        problems.append("the schedule shares one fake between both turns, which needs one critic and one generator update a step")
    return problems


def static_notes(players: Players) -> list[str]:
    """What works but may not be meant: critic outputs that no loss reads, labels that only one player sees."""
    critic, generator = players.critic, players.generator
    read = {score for loss in players.losses.values() for score in loss.scores}
    notes = [f"critic {type(critic).__name__} gives '{score}', which no loss reads" for score in sorted(critic.gives - read)]
    judged = "label" in named_arguments(type(critic)) or any("label" in loss.reads for loss in players.losses.values())
    if "label" in named_arguments(type(generator)) and not judged:
        notes.append(f"generator {type(generator).__name__} takes the label, but nothing judges whether it obeys it")
    return notes


def mixes_batch(critic: Critic) -> bool:
    """Whether one sample's score depends on the others': declared, or evident from a batch norm inside."""
    return critic.mixes_batch or any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in critic.modules())


def has_parametrization(network: nn.Module) -> bool:
    """Whether some weights are computed from others at each forward."""
    return any(parametrize.is_parametrized(m) or hasattr(m, "weight_orig") for m in network.modules())


def dry_run(players: Players, data: DataSpec, n: int = 4) -> list[str]:
    """Run both turns with ``n`` samples, gradients included; the first problem of each turn, or none."""
    batch = example_batch(data, n) | plan_fields(players.schedule.plan(0, 1))
    problems = []
    for side, network in (("critic", players.critic), ("generator", players.generator)):
        try:
            problems += _one_turn(side, network, players, batch, n)  # type: ignore[arg-type]
        except UserError as error:
            problems.append(_text(error))
        except Exception as error:  # whatever a plugin's code raises is the reason
            problems.append(f"the {side}'s turn fails: {_reason(error)}")
    return problems


def _one_turn(side: Side, network: nn.Module, players: Players, batch: Fields, n: int) -> list[str]:
    losses = players.losses
    turn = Turn(side, players.generator, players.critic, batch, players.generator.draw(n), views=list(losses.values()))
    terms = merge_terms(losses, turn)
    if not any(term.requires_grad for term in terms.values()):
        return [f"no loss gives the {side} anything to minimise; add an adversarial loss (given: {_join(losses)})"]
    total = torch.stack(list(terms.values())).sum()
    trainable = [p for p in network.parameters() if p.requires_grad]
    gradients = torch.autograd.grad(total, trainable, allow_unused=True)
    if all(gradient is None for gradient in gradients):
        return [f"no gradient reaches the {side}"]
    with torch.no_grad():
        for loss in losses.values():
            loss.after(turn)
            if side == "critic":
                loss.estimates(turn)
                loss.constrain_(players.critic)
    return []


def example_batch(data: DataSpec, n: int) -> Fields:
    """A batch of the data's shapes: noise, and labels in range."""
    return {
        name: torch.randint(0, max(data.classes, 1), (n,)) if name == "label" else torch.randn(n, *shape)
        for name, shape in data.fields.items()
    }


def plan_fields(plan: Plan, device: torch.device | None = None) -> dict[str, Any]:
    """A plan's ``values`` as fields: floats become scalars on the device, integers and strings stay as they are."""
    return {name: torch.tensor(v, device=device) if isinstance(v, float) else v for name, v in plan.values.items()}


def _join(names: Iterable[str] | Mapping[str, object]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def _text(error: UserError) -> str:
    return f"{error.what}; {error.remedy}" if error.remedy else error.what


def _reason(error: BaseException) -> str:
    name = type(error).__name__
    if "DataDependent" in name or "DynamicOutputShape" in name:
        return f"a component reads a tensor's value ({' '.join(str(error).split())[:80]}), which would stop the device at every step"
    return f"{name}: {' '.join(str(error).split())[:300]}"
