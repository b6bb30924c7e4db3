"""Every installed generator, critic, loss and schedule against each other: what fits one data set, and why not.

A loss that is not an objective by itself (a penalty, a constraint, a classification) is tried together with each that is.
Components are built once. What declarations say is asked of each combination; what only a dry run can tell is asked of each
pair (generator and critic, each of them and a loss, two losses), with stand-ins for the others. Only a component that needs a
field which neither the data nor the generator's own prior gives is dry-run in whole combinations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.builtins.schedules import Alternate
from ganzoo.compat.check import build
from ganzoo.compat.declared import static_problems
from ganzoo.compat.dry_run import dry_run, fake_tensors
from ganzoo.compat.plans import kinds_of, plan_problems
from ganzoo.compat.verdict import Players, Problem
from ganzoo.config import ResolvedPart
from ganzoo.errors import UserError, did_you_mean
from ganzoo.fields import DataSpec, Fields, Scores, Terms, forward_inputs
from ganzoo.params import REQUIRED, parameters_of
from ganzoo.players import Critic, Generator
from ganzoo.registry import Registry
from ganzoo.rules import Loss, Plan
from ganzoo.turn import Turn
from ganzoo.ui.progress import Reporter

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
    """A component of the crossing: its instance, or why there is none; the fields that a generator draws; a schedule's plan."""

    part: ResolvedPart
    itself: Any = None
    refused: str = ""
    drawn: frozenset[str] = frozenset()
    plan: Plan | None = None

    @property
    def kind(self) -> str:
        return self.part.component.kind


class Crossing:
    """The components of one crossing, built once for ``data``, and what was found of pairs of them and of those that act in a phase."""

    def __init__(self, parts: dict[str, list[ResolvedPart]], data: DataSpec) -> None:
        self.data = data
        self._built = {kind: [_build(kind, part, data) for part in found] for kind, found in parts.items()}
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
        generator, critic, *losses, schedule = chosen
        plan = schedule.plan or Plan()
        players = self._players(*chosen)
        for problem in (*static_problems(players, self.data, {0: plan}, generator.drawn), *plan_problems(players, {0: plan})):
            return str(problem)
        if plan.losses is not None or plan.frozen or any(self._asks_others(built) for built in chosen[:-1]):
            acting = (generator, critic, *(loss for loss in losses if plan.names(loss.part.name)), schedule)
            if acting not in self._found:
                self._found[acting] = self._dry_run(players, plan)
            return self._found[acting]
        pairs = [(generator, critic), *product((generator, critic), losses), *combinations(losses, 2)]
        return next((reason for pair in pairs if (reason := self._pair(*pair))), "")

    def _players(self, *chosen: _Built) -> Players:
        """The built instances, with stand-ins for what is not among them."""
        of = {kind: [built.itself for built in chosen if built.kind == kind] for kind in KINDS}
        losses = {built.part.name: built.itself for built in chosen if built.kind == "loss"}
        critic = Mean(self.data, frozenset({"score"}).union(*(loss.scores for loss in of["loss"])))
        if not any(stands_alone(built.part) for built in chosen if built.kind == "loss"):
            losses["total"] = Total()  # a penalty alone leaves the generator nothing to minimise
        stand_ins: dict[str, list[Any]] = {"generator": [Echo(self.data)], "critic": [critic], "schedule": [Alternate(self.data)]}
        of = stand_ins | {kind: instances for kind, instances in of.items() if instances}
        return Players(of["generator"][0], of["critic"][0], losses, of["schedule"][0])

    def _pair(self, *pair: _Built) -> str:
        """Why two components do not fit whatever the others are; "" where they do."""
        if pair not in self._found:
            self._found[pair] = self._dry_run(self._players(*pair), Plan())
        return self._found[pair]

    def _dry_run(self, players: Players, plan: Plan) -> str:
        problems, _ = dry_run(players, self.data, {0: plan})
        return str(problems[0]) if problems else ""

    def _asks_others(self, built: _Built) -> bool:
        """Whether it needs more than the data, and its own prior, give, so that no stand-in can serve it."""
        own = self.data.fields.keys() | built.drawn
        if isinstance(built.itself, Loss):
            return bool(built.itself.needs or built.itself.reads - own - {"sample"})
        return bool(set(forward_inputs(type(built.itself))) - own)


def _build(kind: str, part: ResolvedPart, data: DataSpec) -> _Built:
    try:
        itself = build(kind, part, data)
        drawn = frozenset(itself.draw(2)) if kind == "generator" else frozenset()
        return _Built(part, itself, "", drawn, kinds_of(itself, 1)[0][0] if kind == "schedule" else None)
    except UserError as error:
        return _Built(part, refused=str(Problem(kind, error.what, error.remedy)))


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
    """A stand-in that makes the data's samples, scaled; a loss may move its latents."""

    latent_dim = 1

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
