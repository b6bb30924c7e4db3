"""Every installed generator, critic, loss and schedule against each other: what fits one data set, and why not.

A loss that is not an objective by itself (a penalty, a constraint, a classification) is tried together with each that is.
Components are built once. What declarations say is asked of each combination; what only a dry run can tell is asked of each
pair (generator and critic, each of them and a loss, two losses), with stand-ins for the others. Only a component that needs a
field which neither the data nor the generator's own prior gives is dry-run in whole combinations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.config import ResolvedPart
from ganzoo.errors import UserError
from ganzoo.fields import DataSpec, Fields, Scores, Terms, forward_inputs
from ganzoo.params import REQUIRED, parameters_of
from ganzoo.players import Critic, Generator
from ganzoo.registry import Registry
from ganzoo.rules import Loss, Plan, Schedule
from ganzoo.turn import Turn
from ganzoo.ui.progress import Reporter

from .check import build
from .declared import static_problems
from .dry_run import dry_run, fake_tensors
from .plans import kinds_of, plan_problems
from .verdict import Players, Problem

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

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {**vars(self), "losses": list(self.losses), "fits": self.fits}


def cross(registry: Registry, data: DataSpec, reporter: Reporter) -> list[Row]:
    """Check every combination of components that need no parameters, each on fake tensors."""
    parts = {kind: default_parts(registry, kind) for kind in KINDS}
    rows: list[Row] = []
    with fake_tensors():
        crossing = Crossing(parts, data)
        pairs = list(product(parts["generator"], parts["critic"]))
        with reporter.task("checking", len(pairs), unit="pairs") as task:
            for generator, critic in pairs:
                rows += crossing.rows(generator, critic)
                task.advance()
    return rows


class Crossing:
    """The components of one crossing, built once for ``data``, and what was found of each pair of them."""

    def __init__(self, parts: dict[str, list[ResolvedPart]], data: DataSpec) -> None:
        self.parts, self.data = parts, data
        self._built: dict[int, Any] = {}
        self._refused: dict[int, Problem] = {}
        self._plans: dict[int, Plan] = {}
        self._drawn: dict[int, frozenset[str]] = {}
        self._pairs: dict[tuple[int, ...], str] = {}
        for kind, part in [(kind, part) for kind, found in parts.items() for part in found]:
            try:
                self._built[id(part)] = built = build(kind, part, data)
                if isinstance(built, Generator):
                    self._drawn[id(part)] = frozenset(built.draw(2))
                if isinstance(built, Schedule):
                    self._plans[id(part)] = kinds_of(built, 1)[0][0]
            except UserError as error:
                self._refused[id(part)] = Problem(kind, error.what, error.remedy)

    def rows(self, generator: ResolvedPart, critic: ResolvedPart) -> Iterator[Row]:
        """The rows of one pair of networks: each loss that stands alone, and each that fits with each companion."""
        alone = [part for part in self.parts["loss"] if stands_alone(part)]
        companions = [part for part in self.parts["loss"] if not stands_alone(part)]
        fitting = []
        for losses in ([part] for part in alone):
            rows = [self._row(generator, critic, losses, schedule) for schedule in self.parts["schedule"]]
            fitting += losses if any(row.fits for row in rows) else []
            yield from rows
        for losses in ([first, second] for first, second in product(fitting, companions)):
            yield from (self._row(generator, critic, losses, schedule) for schedule in self.parts["schedule"])

    def _row(self, generator: ResolvedPart, critic: ResolvedPart, losses: Sequence[ResolvedPart], schedule: ResolvedPart) -> Row:
        names = tuple(loss.name for loss in losses)
        return Row(generator.name, critic.name, names, schedule.name, self._reason(generator, critic, losses, schedule))

    def _reason(self, generator: ResolvedPart, critic: ResolvedPart, losses: Sequence[ResolvedPart], schedule: ResolvedPart) -> str:
        for part in (generator, critic, *losses, schedule):
            if id(part) in self._refused:
                return str(self._refused[id(part)])
        players = self._players(generator, critic, losses, schedule)
        plans = {0: self._plans[id(schedule)]}
        problems = [*static_problems(players, self.data, plans, self._drawn[id(generator)]), *plan_problems(players, plans)]
        if problems:
            return str(problems[0])
        if plans[0].losses is not None or plans[0].frozen or any(self._asks_others(part) for part in (generator, critic, *losses)):
            return self._dry_run(players, plans[0])
        pairs = [(generator, critic), *product((generator, critic), losses), *([tuple(losses)] if len(losses) > 1 else [])]
        return next((reason for pair in pairs if (reason := self._pair(*pair))), "")

    def _players(
        self,
        generator: ResolvedPart | None = None,
        critic: ResolvedPart | None = None,
        losses: Sequence[ResolvedPart] = (),
        schedule: ResolvedPart | None = None,
    ) -> Players:
        """The built instances, with stand-ins for what is None."""
        built = {part.name: self._built[id(part)] for part in losses}
        wanted = frozenset().union(*(loss.scores for loss in built.values())) if built else frozenset()
        return Players(
            self._built[id(generator)] if generator else Echo(self.data),
            self._built[id(critic)] if critic else Mean(self.data, wanted | {"score"}),
            built or {"total": Total()},
            self._built[id(schedule)] if schedule else Always(),
        )

    def _pair(self, *pair: ResolvedPart) -> str:
        """Why two components do not fit whatever the others are; "" where they do."""
        key = tuple(map(id, pair))
        if key not in self._pairs:
            of = {kind: [part for part in pair if part in self.parts[kind]] for kind in KINDS}
            generator, critic = (next(iter(of[kind]), None) for kind in ("generator", "critic"))
            players = self._players(generator, critic, of["loss"])
            objective = not of["loss"] or any(map(stands_alone, of["loss"]))
            if not objective:  # a penalty alone leaves the generator nothing to minimise
                players.losses["total"] = Total()
            self._pairs[key] = self._dry_run(players, Plan())
        return self._pairs[key]

    def _dry_run(self, players: Players, plan: Plan) -> str:
        problems, _ = dry_run(players, self.data, {0: plan})
        return str(problems[0]) if problems else ""

    def _asks_others(self, part: ResolvedPart) -> bool:
        """Whether it needs more than the data, and its own prior, give, so that no stand-in can serve it."""
        component = self._built[id(part)]
        own = self.data.fields.keys() | self._drawn.get(id(part), frozenset())
        if isinstance(component, Loss):
            return bool(component.needs or component.reads - own - {"sample"})
        return bool(set(forward_inputs(type(component))) - own)


def stands_alone(part: ResolvedPart) -> bool:
    """Whether a loss is an objective for both players: it reads the score, and gives the generator terms."""
    return "score" in part.cls.scores and part.cls.generator_terms is not Loss.generator_terms  # type: ignore[attr-defined]


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


class Echo(Generator):
    """A stand-in that makes the data's samples, scaled."""

    def __init__(self, data: DataSpec) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(data.shape))

    def forward(self, sample: Tensor) -> Fields:
        """Samples (N, *shape)."""
        return {"sample": sample * self.scale}


class Mean(Critic):
    """A stand-in that gives the means of samples as its scores, and mixes no batch."""

    def __init__(self, data: DataSpec, gives: frozenset[str]) -> None:
        super().__init__()
        self.gives, self.classes = gives, max(data.classes, 1)
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, sample: Tensor) -> Scores:
        """The scores asked for; "label_logits" (N, K), every other (N,)."""
        mean = self.scale * sample.flatten(1).square().mean(dim=1)
        return {name: mean[:, None].expand(-1, self.classes) if name == "label_logits" else mean for name in self.gives}


class Total(Loss):
    """A stand-in that both players minimise, whatever scores there are."""

    def critic_terms(self, turn: Turn) -> Terms:
        """The scores of both, so that everything runs."""
        return {"total": sum((v.mean() for scores in turn.both_scores for v in scores.values()), torch.zeros(()))}

    def generator_terms(self, turn: Turn) -> Terms:
        """The scores of fakes."""
        return {"total": sum((v.mean() for v in turn.fake_scores.values()), torch.zeros(()))}


class Always(Schedule):
    """A stand-in: one update of each."""

    def plan(self, step: int, total: int) -> Plan:
        """The plain plan."""
        return Plan()
