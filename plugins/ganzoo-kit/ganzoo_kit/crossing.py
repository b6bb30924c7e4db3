"""Every installed generator, critic, loss and schedule against each other: what fits one data set, and why not.

A loss that is not an objective by itself (a penalty, a constraint, a classification) is tried together with each that is.
Components are built once. What declarations say is asked of each combination; what only a dry run can tell is asked of each
pair (generator and critic, each of them and a loss, two losses), with stand-ins for the others. Only a component that needs a
field which neither the data nor the generator's own prior gives is dry-run in whole combinations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

from ganzoo.compat.check import build
from ganzoo.compat.declared import static_problems
from ganzoo.compat.dry_run import dry_run, fake_tensors
from ganzoo.compat.plans import kinds_of, plan_problems
from ganzoo.compat.verdict import Players, Problem
from ganzoo.config import ResolvedPart
from ganzoo.errors import UserError, did_you_mean
from ganzoo.fields import DataSpec, forward_inputs
from ganzoo.params import REQUIRED, parameters_of
from ganzoo.players import Player
from ganzoo.registry import Registry
from ganzoo.rules import Loss, Plan
from ganzoo.ui.progress import Reporter

from .knowing import Known, is_objective, stand_ins

KINDS = ("generator", "critic", "loss", "schedule")


@dataclass(frozen=True)
class Row:
    """One combination and whether it fits; ``reason`` says why not."""

    generator: str
    critic: str
    losses: tuple[str, ...]
    schedule: str
    reason: str = ""

    @property
    def fits(self) -> bool:
        """Whether it can be trained."""
        return not self.reason

    def has(self, name: str) -> bool:
        """Whether a component of this name is in it."""
        return name in (self.generator, self.critic, self.schedule, *self.losses)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {**vars(self), "losses": list(self.losses), "fits": self.fits}


def cross(registry: Registry, data: DataSpec, reporter: Reporter, of: str = "") -> list[Row]:
    """Check every combination of components that need no parameters, each on fake tensors; only those of the component ``of``, if any.

    Raises:
        UserError: where no such component is called ``of``.
    """
    parts = {kind: default_parts(registry, kind) for kind in KINDS}
    kinds = [kind for kind, found in parts.items() if of in {part.name for part in found}]
    if of and not kinds:
        names = {part.name for found in parts.values() for part in found}
        raise UserError(f"no generator, critic, loss or schedule '{of}' takes part", did_you_mean(of, names, noun="there are"), key="--of")
    rows: list[Row] = []
    with fake_tensors():
        crossing = Crossing(parts, data)
        pairs = list(product(parts["generator"], parts["critic"]))
        if kinds and set(kinds) <= {"generator", "critic"}:
            pairs = [pair for pair in pairs if of in {part.name for part in pair}]
        with reporter.task("checking", len(pairs), unit="pairs") as task:
            for generator, critic in pairs:
                rows += [row for row in crossing.rows(generator, critic) if not of or row.has(of)]
                task.advance()
    return rows


@dataclass(frozen=True, eq=False)
class _Built:
    """A component of the crossing: its instance, or why there is none; what a generator draws; a schedule's plan."""

    part: ResolvedPart
    itself: Any = None
    refused: str = ""
    drawn: frozenset[str] = frozenset()
    plan: Plan | None = None
    asks_others: bool = False
    """Whether it needs more than the data, and its own prior, give, so that no stand-in can serve it."""

    @property
    def kind(self) -> str:
        return self.part.component.kind


class Crossing:
    """The components of one crossing, built once for ``data``, and what was found of pairs of them and of those that act in a phase."""

    def __init__(self, parts: dict[str, list[ResolvedPart]], data: DataSpec) -> None:
        self.data = data
        self._built = {kind: [_build(kind, part, data) for part in found] for kind, found in parts.items()}
        self.known = Known(data)
        self._refused: dict[tuple[_Built, ...], str] = {}
        self._found: dict[tuple[_Built, ...], str] = {}

    def rows(self, generator: ResolvedPart, critic: ResolvedPart) -> Iterator[Row]:
        """The rows of one pair of networks: each loss that stands alone, and each that fits with each companion."""
        networks = [built for kind in ("generator", "critic") for built in self._built[kind] if built.part in (generator, critic)]
        alone = [built for built in self._built["loss"] if stands_alone(built.part)]
        fitting = []
        for loss in alone:
            rows = [self._row(*networks, loss, schedule) for schedule in self._built["schedule"]]
            fitting += [loss] if any(row.fits for row in rows) else []
            yield from rows
        for losses in product(fitting, (built for built in self._built["loss"] if built not in alone)):
            yield from (self._row(*networks, *losses, schedule) for schedule in self._built["schedule"])

    def _row(self, *chosen: _Built) -> Row:
        generator, critic, *losses, schedule = (built.part.name for built in chosen)
        return Row(generator, critic, tuple(losses), schedule, self._reason(*chosen))

    def _reason(self, *chosen: _Built) -> str:
        """Why a generator, a critic, losses and a schedule do not fit; "" where they do."""
        if refused := next((built.refused for built in chosen if built.refused), ""):
            return refused
        if problem := self._declared(*chosen):
            return problem
        generator, critic, *losses, schedule = chosen
        plan = schedule.plan or Plan()
        if plan.losses is not None or plan.frozen or any(built.asks_others for built in chosen):
            return self._whole(generator, critic, losses, schedule, plan)
        pairs = [(generator, critic), *product((generator, critic), losses), *combinations(losses, 2)]
        return next((reason for pair in pairs if (reason := self._pair(*pair))), "")

    def _declared(self, *chosen: _Built) -> str:
        """What declarations refuse; of several losses what they refuse of the first that is refused, as a rule."""
        *networks, schedule = (built for built in chosen if built.kind != "loss")
        losses = [built for built in chosen if built.kind == "loss"]
        plan = schedule.plan or Plan()
        if len(losses) > 1 and plan.losses is None and not plan.frozen and not self._declared(*networks, losses[0], schedule):
            # What the others are refused for is refused of each alone, where the first and the networks are not.
            return next((problem for loss in losses[1:] if (problem := self._declared(*networks, loss, schedule))), "")
        usual = len(losses) == 1 and plan.losses is None and not plan.frozen
        parts = [(*networks, schedule), *((network, losses[0], schedule) for network in networks)] if usual else []
        if parts and not any(self._static(*part) for part in parts):
            return ""  # each rule concerns two components and the schedule
        return self._static(*chosen)

    def _static(self, *chosen: _Built) -> str:
        """What declarations of these components refuse, with stand-ins for the others."""
        if chosen not in self._refused:
            players, plans = self._players(*chosen), {0: chosen[-1].plan or Plan()}
            drawn = frozenset[str]().union(*(built.drawn for built in chosen))
            problems = (*static_problems(players, self.data, plans, drawn), *plan_problems(players, plans))
            self._refused[chosen] = next(map(str, problems), "")
        return self._refused[chosen]

    def _whole(self, generator: _Built, critic: _Built, losses: Sequence[_Built], schedule: _Built, plan: Plan) -> str:
        """Why a combination does not fit that no stand-in can serve; "" where it does."""
        acting = tuple(loss for loss in losses if plan.names(loss.part.name))
        key = (generator, critic, *acting, schedule)
        if key not in self._found:
            by_name = {loss.part.name: loss.itself for loss in acting}
            making = [loss.itself for loss in acting if loss.asks_others]
            if generator.asks_others or critic.asks_others or plan.frozen:
                sure = False
            elif plan.losses is None:
                sure = self.known.fit(generator.itself, critic.itself, list(by_name.values()), making)
            else:
                sure = not making and self.known.fit_a_plan(generator.itself, critic.itself, by_name, plan)
            self._found[key] = "" if sure else self._dry_run(self._players(generator, critic, *losses, schedule), plan)
        return self._found[key]

    def _players(self, *chosen: _Built) -> Players:
        """The built instances, with stand-ins for what is not among them."""
        of = {kind: [built.itself for built in chosen if built.kind == kind] for kind in KINDS}
        losses = {built.part.name: built.itself for built in chosen if built.kind == "loss"}
        generator, critic, schedule = (next(iter(of[kind]), None) for kind in ("generator", "critic", "schedule"))
        return stand_ins(self.data, losses, generator, critic, schedule)

    def _pair(self, *pair: _Built) -> str:
        """Why two components do not fit whatever the others are; "" where they do."""
        if pair not in self._found:
            of = {kind: [built.itself for built in pair if built.kind == kind] for kind in KINDS}
            generator, critic = (next(iter(of[kind]), None) for kind in ("generator", "critic"))
            sure = self.known.fit(generator, critic, of["loss"])
            self._found[pair] = "" if sure else self._dry_run(self._players(*pair), Plan())
        return self._found[pair]

    def _dry_run(self, players: Players, plan: Plan) -> str:
        problems, _ = dry_run(players, self.data, {0: plan})
        return str(problems[0]) if problems else ""


def _build(kind: str, part: ResolvedPart, data: DataSpec) -> _Built:
    try:
        itself = build(kind, part, data)
        drawn = frozenset(itself.draw(2)) if kind == "generator" else frozenset()
        plan = kinds_of(itself, 1)[0][0] if kind == "schedule" else None
        return _Built(part, itself, "", drawn, plan, _asks_others(itself, data.fields.keys() | drawn))
    except UserError as error:
        return _Built(part, refused=str(Problem(kind, error.what, error.remedy)))


def _asks_others(component: Any, own: Set[str]) -> bool:
    if isinstance(component, Loss):
        return bool(component.needs or component.reads - own - {"sample"})
    return isinstance(component, Player) and bool(set(forward_inputs(type(component))) - own)


def stands_alone(part: ResolvedPart) -> bool:
    """Whether a loss is an objective for both players: it reads the score, and gives the generator terms."""
    return is_objective(part.cls)  # type: ignore[arg-type]


def default_parts(registry: Registry, kind: str) -> list[ResolvedPart]:
    """The components of a kind that can be imported and need no parameters."""
    found = []
    for component in registry.of_kind(kind):
        try:
            cls = component.load()
            if all(p.default is not REQUIRED for p in parameters_of(cls)):
                found.append(ResolvedPart(component, cls, {}))
        except UserError:  # broken: 'ganzoo plugins' and every run that names it say why
            continue
    return found
