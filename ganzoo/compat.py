"""Does this combination fit? Answered before any training, on built instances.

The networks are built and both turns run inside ``FakeTensorMode``: shapes, fields and gradients are real, memory and
arithmetic are not, so a billion parameters cost no more than a thousand. It also catches a component that reads a
tensor's value (``.item()``, a branch), which would stop the GPU at every step.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import torch
from torch import nn
from torch.nn.utils import parametrize

from .errors import ContractError, UserError
from .fields import DataSpec, Fields, named_arguments
from .players import Critic, Generator
from .rules import Loss, Plan, Schedule, merge_terms
from .turn import Side, Turn


class Buildable(Protocol):
    """A chosen component with its parameters: what ``config.ResolvedPart`` is."""

    @property
    def name(self) -> str: ...

    def build(self, data: DataSpec) -> Any: ...


Part = TypeVar("Part", bound=Buildable)


@dataclass(frozen=True)
class Problem:
    """One reason why a combination is refused: the configuration key concerned, what is wrong, what to do."""

    key: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}" if self.remedy else self.what


@dataclass
class Verdict:
    """What was found: ``problems`` refuse the combination, ``notes`` are worth knowing."""

    problems: list[Problem] = field(default_factory=list)
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
                {name: _build(f"loss.{i}", part, data, Loss) for i, (name, part) in enumerate(distinct(losses).items())},
                _build("schedule", schedule, data, Schedule),
            )
            verdict.problems += static_problems(players, data)
            verdict.notes += static_notes(players)
            if verdict.fits:
                verdict.problems += dry_run(players, data)
        except UserError as error:
            verdict.problems.append(Problem(error.key, error.what, error.remedy))
    return verdict


def distinct(parts: Sequence[Part]) -> dict[str, Part]:
    """Parts by name; a name's second use becomes ``name#2``."""
    named: dict[str, Part] = {}
    for part in parts:
        count = 1 + sum(name.partition("#")[0] == part.name for name in named)
        named[part.name if count == 1 else f"{part.name}#{count}"] = part
    return named


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


def _build(key: str, part: Buildable, data: DataSpec, base: type) -> Any:
    who = f"{key.partition('.')[0]} '{part.name}'"
    try:
        built = part.build(data)
    except UserError as error:
        raise UserError(error.what, error.remedy, key=key) from error
    except Exception as error:  # whatever a plugin's code raises is the reason
        raise UserError(f"{who} cannot be built for this data: {_reason(error)}", "change its parameters or the data", key=key) from error
    if not isinstance(built, base):
        raise UserError(f"{who} is a {type(built).__name__}, no {base.__name__}", "repair the plugin", key=key)
    return built


def static_problems(players: Players, data: DataSpec) -> list[Problem]:
    """What the declarations alone rule out: fields and scores needed but not given, and norms that break a penalty."""
    generator, critic = players.generator, players.critic
    plan = players.schedule.plan(0, 1)
    before = data.fields.keys() | generator.draw(2).keys() | plan.values.keys()
    return [
        *_missing_fields(players, data, before, before | generator.gives),
        *(p for i, (name, loss) in enumerate(players.losses.items()) for p in _loss_problems(f"loss.{i}", name, loss, critic)),
        *schedule_problems(plan),
    ]


def _missing_fields(players: Players, data: DataSpec, before: AbstractSet[str], after: AbstractSet[str]) -> Iterator[Problem]:
    asking = [
        ("generator", f"generator {_name(players.generator)}", named_arguments(type(players.generator)), before),
        ("critic", f"critic {_name(players.critic)}", named_arguments(type(players.critic)), after),
        *((f"loss.{i}", f"loss '{name}'", sorted(loss.reads), after) for i, (name, loss) in enumerate(players.losses.items())),
    ]
    for key, who, needs, given in asking:
        for name in needs:
            if name not in given:
                yield Problem(
                    key,
                    f"{who} needs the field '{name}', which this data does not give",
                    f"it gives {_join(data.fields)}; choose other data or another {key.partition('.')[0]}",
                )


def _loss_problems(key: str, name: str, loss: Loss, critic: Critic) -> Iterator[Problem]:
    for score in sorted(loss.scores - critic.gives):
        yield Problem(
            key,
            f"loss '{name}' needs the critic output '{score}', which critic {_name(critic)} does not give",
            f"it gives {_join(critic.gives)}; choose another critic or leave the loss out",
        )
    if loss.per_sample and mixes_batch(critic):
        norm = critic.norm if critic.mixes_batch else "batch"
        yield Problem(
            key,
            f"loss '{name}' needs each score to depend on its own sample alone, but critic {_name(critic)} uses {norm} norm, which mixes the batch",
            "choose a norm that doesn't (critic.norm: none, layer or instance)",
        )
    if type(loss).constrain_ is not Loss.constrain_ and has_parametrization(critic):
        yield Problem(
            key,
            f"loss '{name}' changes weights in place, but those of critic {_name(critic)} are computed (spectral norm)",
            "leave one of them out",
        )


def schedule_problems(plan: Plan) -> Iterator[Problem]:
    """What a plan asks for that no networks could do."""
    if plan.share_fake and (plan.critic_updates, plan.generator_updates) != (1, 1):
        yield Problem(
            "schedule", "one fake is shared by both turns, which needs one critic and one generator update a step", "set share_fake: false"
        )


def static_notes(players: Players) -> list[str]:
    """What works but may not be meant: critic outputs that no loss reads, labels that only one player sees."""
    critic, generator = players.critic, players.generator
    read = {score for loss in players.losses.values() for score in loss.scores}
    notes = [f"critic {_name(critic)} gives '{score}', which no loss reads" for score in sorted(critic.gives - read)]
    judged = "label" in named_arguments(type(critic)) or any("label" in loss.reads for loss in players.losses.values())
    if "label" in named_arguments(type(generator)) and not judged:
        notes.append(f"generator {_name(generator)} takes the label, but nothing judges whether it obeys it")
    return notes


def mixes_batch(critic: Critic) -> bool:
    """Whether one sample's score depends on the others': declared, or evident from a batch norm inside."""
    return critic.mixes_batch or any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in critic.modules())


def has_parametrization(network: nn.Module) -> bool:
    """Whether some weights are computed from others at each forward."""
    return any(parametrize.is_parametrized(m) or hasattr(m, "weight_orig") for m in network.modules())


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
            problems.append(Problem(side, f"the {side}'s turn fails: {_reason(error)}", "choose components whose shapes fit"))
    return problems


def _one_turn(side: Side, network: nn.Module, players: Players, batch: Fields, n: int) -> None:
    losses = players.losses
    turn = Turn(side, players.generator, players.critic, batch, players.generator.draw(n), views=list(losses.values()))
    terms = merge_terms(losses, turn)
    if not any(term.requires_grad for term in terms.values()):
        raise ContractError(
            f"no loss gives the {side} anything to minimise (given: {_join(losses)})", "add an adversarial loss", key="loss"
        )
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
    """A batch of the data's shapes: noise, and labels in range."""
    return {
        name: torch.randint(0, max(data.classes, 1), (n,)) if name == "label" else torch.randn(n, *shape)
        for name, shape in data.fields.items()
    }


def plan_fields(plan: Plan, device: torch.device | None = None) -> dict[str, Any]:
    """A plan's ``values`` as fields: floats become scalars on the device, integers and strings stay as they are."""
    return {name: torch.tensor(v, device=device) if isinstance(v, float) else v for name, v in plan.values.items()}


def _join(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def _name(component: object) -> str:
    return type(component).__name__


def _reason(error: BaseException) -> str:
    name = type(error).__name__
    if "DataDependent" in name or "DynamicOutputShape" in name:
        return f"a component reads a tensor's value ({' '.join(str(error).split())[:80]}), which would stop the device at every step"
    return f"{name}: {' '.join(str(error).split())[:300]}"
