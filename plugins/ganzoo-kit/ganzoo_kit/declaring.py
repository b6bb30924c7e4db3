"""The components of a crossing, built once each, and what their declarations refuse."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import Any

from ganzoo.compat.check import build
from ganzoo.compat.declared import static_problems, unsaved_problems
from ganzoo.compat.dry_run import fake_tensors
from ganzoo.compat.plans import kinds_of, plan_problems
from ganzoo.compat.verdict import Players, Problem
from ganzoo.config import ResolvedPart
from ganzoo.errors import UserError
from ganzoo.fields import DataSpec, forward_inputs
from ganzoo.params import REQUIRED, kind_of, parameters_of
from ganzoo.players import Player
from ganzoo.registry import Registry
from ganzoo.rules import Loss, Plan

from .knowing import reads_of

EQUAL = Plan()


@dataclass(frozen=True, eq=False)
class Built:
    """A component of the crossing: its instance, or why there is none; what a generator draws; a schedule's plan."""

    part: ResolvedPart
    itself: Any = None
    refused: str = ""
    drawn: frozenset[str] = frozenset()
    plan: Plan | None = None
    asks: frozenset[str] = frozenset()
    """What it needs besides what the data, and its own prior, give: no stand-in can serve it, unless the schedule's plan has it."""
    reads: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()
    gives: frozenset[str] = frozenset()
    """Of networks: what their ``forward`` takes and gives."""

    @property
    def kind(self) -> str:
        """Of the component."""
        return self.part.component.kind


def looked_at(plan: Plan) -> tuple[object, ...]:
    """What a check looks at of a plan: of plans that are alike in it, one is asked."""
    updates = (plan.critic_updates, plan.generator_updates)
    kind = (plan.losses, plan.frozen, plan.reset, plan.share_fake, plan.fresh_real, *map(bool, updates), updates if plan.share_fake else ())
    return (*kind, *sorted(plan.batch_size.items()), *sorted(plan.values.items()))


def built_of(part: ResolvedPart, data: DataSpec) -> Built:
    """Build a component for the data."""
    kind = part.component.kind
    try:
        itself = build(kind, part, data)
        if problem := next(unsaved_problems({kind: itself}), None):
            return Built(part, refused=str(problem))
        drawn = frozenset(itself.draw(2)) if kind == "generator" else frozenset()
        plan = kinds_of(itself, 1)[0][0] if kind == "schedule" else None
        port = itself.port() if isinstance(itself, Player) else None
        takes, gives = (frozenset(port.reads), port.gives) if port else (frozenset(), frozenset())
        return Built(part, itself, "", drawn, plan, _asks(itself, data.fields.keys() | drawn), reads_of(itself), takes, gives)
    except UserError as error:
        return Built(part, refused=str(Problem(kind, error.what, error.remedy)))


def _asks(component: Any, own: Set[str]) -> frozenset[str]:
    if isinstance(component, Loss):
        return component.needs | (component.reads - own - {"sample"})
    return frozenset(forward_inputs(type(component))) - own if isinstance(component, Player) else frozenset()


class Declarations:
    """What declarations refuse, found from as few components as will do; ``players`` puts stand-ins for the others."""

    def __init__(self, data: DataSpec, players: Callable[..., Players]) -> None:
        self.data, self._players = data, players
        self._refused: dict[tuple[Built, ...], str] = {}
        self._planned: dict[tuple[Built, ...], str] = {}
        self._alone: dict[tuple[Built, ...], str] = {}

    def of(self, *chosen: Built) -> str:
        """What is refused of the components, or else of what the schedule plans; "" where nothing is."""
        generator, critic, *losses, schedule = chosen
        if problem := self._of_components(generator, critic, losses, schedule):
            return problem
        plan = schedule.plan or EQUAL
        return self.of_losses(*losses, schedule) or (self._of_plan(plan, *chosen) if plan.frozen else "")

    def of_losses(self, *chosen: Built) -> str:
        """What a schedule plans that cannot be done by these losses, whatever the networks are."""
        return self._of_plan(replace(chosen[-1].plan or EQUAL, frozen=()), *chosen)

    def _of_plan(self, plan: Plan, *chosen: Built) -> str:
        if chosen not in self._planned:
            self._planned[chosen] = next(map(str, plan_problems(self._players(*chosen), {0: plan})), "")
        return self._planned[chosen]

    def _of_components(self, generator: Built, critic: Built, losses: Sequence[Built], schedule: Built) -> str:
        first, *others = [self._with_one(generator, critic, loss, schedule) for loss in losses]
        if not others or not first or set(others) == {first}:
            # What the others are refused for is refused of each alone; what is said of all is said of the networks.
            return first or next(filter(None, others), "")
        return self._static(generator, critic, *losses, schedule)

    def _with_one(self, *chosen: Built) -> str:
        if chosen not in self._alone:
            self._alone[chosen] = self._of_one(*chosen)
        return self._alone[chosen]

    def _of_one(self, generator: Built, critic: Built, loss: Built, schedule: Built) -> str:
        """With one loss: each rule concerns two of the components, and the schedule."""
        before = self.data.fields.keys() | generator.drawn | (schedule.plan or EQUAL).values.keys()
        after = before | generator.gives
        if loss.reads <= after and not (generator.takes <= before and critic.takes <= after):
            return self._static(generator, critic, schedule)  # a field that a network lacks is told first
        parts = (generator, critic, schedule), (generator, loss, schedule), (critic, loss, schedule)
        return self._static(generator, critic, loss, schedule) if any(self._static(*part) for part in parts) else ""

    def _static(self, *chosen: Built) -> str:
        """What declarations of these components refuse, with stand-ins for the others."""
        if chosen not in self._refused:
            drawn = frozenset[str]().union(*(built.drawn for built in chosen))
            problems = static_problems(self._players(*chosen), self.data, {0: chosen[-1].plan or EQUAL}, drawn)
            self._refused[chosen] = next(map(str, problems), "")
        return self._refused[chosen]


def default_parts(registry: Registry, kind: str, data: DataSpec | None = None) -> list[ResolvedPart]:
    """The components of a kind that can be imported and need no parameters.

    Where there is ``data``, also those that need none but other components: around the first of these with which they serve it.
    """
    found = []
    for component in registry.of_kind(kind):
        try:
            cls = component.load()
            needed = {p.name: kind_of(p.annotation) for p in parameters_of(cls) if p.default is REQUIRED}
        except UserError:  # broken: 'ganzoo plugins' and every run that names it say why
            continue
        if not needed:
            found.append(ResolvedPart(component, cls, {}))
        elif data and all(needed.values()):
            others = product(*(default_parts(registry, kind) for kind in needed.values()))
            found += around(data, [ResolvedPart(component, cls, dict(zip(needed, chosen, strict=True))) for chosen in others])
    return found


def around(data: DataSpec, wrappers: Sequence[ResolvedPart]) -> Sequence[ResolvedPart]:
    """The first of ``wrappers`` that can be built for the data, or else the first of all, which says why not; none of none."""
    with fake_tensors():
        fitting = (wrapper for wrapper in wrappers if not built_of(wrapper, data).refused)
        return [*islice(fitting, 1)] or wrappers[:1]
