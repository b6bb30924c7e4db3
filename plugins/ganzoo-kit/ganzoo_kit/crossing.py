"""Every installed generator, critic, loss and schedule against each other: what fits one data set, and why not.

A loss that is not an objective by itself (a penalty, a constraint, a classification) is tried together with each that is.
Components are built once, when they are first asked for. What declarations say is asked of each combination; what only a dry
run can tell is asked of each pair (generator and critic, each of them and a loss, two losses), with stand-ins for the others.
Only a component that needs a field which neither the data nor its own prior nor the schedule gives is dry-run in whole combinations.
A component that cannot be built for the data fits nothing, and is said once; so are losses by which a schedule cannot act.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations, product
from math import prod
from typing import Any, NamedTuple

from ganzoo.builtins.schedules import Alternate
from ganzoo.compat.dry_run import dry_run, fake_tensors
from ganzoo.compat.verdict import Players
from ganzoo.config import ResolvedPart
from ganzoo.errors import UserError, did_you_mean
from ganzoo.fields import DataSpec
from ganzoo.registry import Registry
from ganzoo.rules import Plan
from ganzoo.ui.progress import Reporter

from .declaring import EQUAL, Built, Declarations, built_of, default_parts, looked_at
from .doubles import Echo, Mean
from .knowing import Known, is_objective, scores_of, stand_ins
from .testing.component import Candidate

KINDS = ("generator", "critic", "loss", "schedule")
ANY = "*"
LARGEST = 3 * 64 * 64
"""Numbers of a sample up to which small networks are run on values: beyond, their activations would take the memory and the time."""


class Row(NamedTuple):
    """One combination and whether it fits; ``reason`` says why not. ``ANY`` stands for each of a kind."""

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
        return {**self._asdict(), "losses": list(self.losses), "fits": self.fits}


def cross(registry: Registry, data: DataSpec, reporter: Reporter, of: str = "") -> list[Row]:
    """Check every combination of ``default_parts``, each on fake tensors; only those of the component ``of``, if any.

    Raises:
        UserError: where no such component is called ``of``.
    """
    parts = {kind: default_parts(registry, kind, data) for kind in KINDS}
    names = {part.name for found in parts.values() for part in found}
    if of and of not in names:
        raise UserError(f"no generator, critic, loss or schedule '{of}' takes part", did_you_mean(of, names, noun="there are"), key="--of")
    with fake_tensors():
        crossing = Crossing(parts, data)
        said_once = (*crossing.refused(), *crossing.unplanned())
        rows = [row for row in said_once if of in ("", row.generator, row.critic, row.schedule, *row.losses)]
        pairs = list(product(parts["generator"], parts["critic"]))
        with reporter.task("checking", len(pairs), unit="pairs") as task:
            for pair in pairs:
                rows += crossing.rows(*pair, lambda chosen: not of or of in [part.name for part in chosen])
                task.advance()
    return rows


class Crossing:
    """The components of one crossing, built for ``data``, and what was found of pairs of them and of those that act in a phase."""

    def __init__(self, parts: dict[str, list[ResolvedPart]], data: DataSpec) -> None:
        self.parts, self.data = parts, data
        self._built: dict[int, Built] = {}
        self._alike: dict[tuple[object, ...], Built] = {}
        self.known = Known(data, self._small)
        self._declared = Declarations(data, self._players)
        self._found: dict[tuple[object, ...], str] = {}
        self._found_alone: dict[tuple[Built, ...], str] = {}
        self._found_beside: dict[tuple[Built, ...], str] = {}
        self._echo, self._mean, self._alternate = Echo(data), cache(lambda scores: Mean(data, scores)), Alternate(data)
        self._unplanned: set[tuple[tuple[str, ...], str]] = set()

    def refused(self) -> Iterator[Row]:
        """Take those components out that cannot be built for the data: a row for each."""
        for kind, found in self.parts.items():
            for part in [part for part in found if self._of(part).refused]:
                found.remove(part)
                name = [part.name if kind == other else ANY for other in KINDS]
                yield Row(name[0], name[1], (name[2],), name[3], self._of(part).refused)

    def unplanned(self) -> Iterator[Row]:
        """The schedules that cannot act by some losses, whatever the networks are: a row for each, which is in no pair's rows then."""
        alone, beside = self._losses()
        for losses in (*((loss,) for loss in alone), *product(alone, beside)):
            for schedule in self.parts["schedule"]:
                if reason := self._declared.of_losses(*map(self._of, (*losses, schedule))):
                    row = Row(ANY, ANY, tuple(loss.name for loss in losses), schedule.name, reason)
                    self._unplanned.add((row.losses, row.schedule))
                    yield row

    def rows(self, generator: ResolvedPart, critic: ResolvedPart, wanted: Callable[[Sequence[ResolvedPart]], bool]) -> Iterator[Row]:
        """The rows that are ``wanted`` of a pair of networks: each loss that stands alone, and each that fits with each companion."""
        schedules, (alone, beside) = self.parts["schedule"], self._losses()
        for loss in alone:
            yield from self._rows([generator, critic, loss], wanted)
        for first in alone:
            combined = [[generator, critic, first, second] for second in beside]
            asked = [chosen for chosen in combined if any(wanted([*chosen, schedule]) for schedule in schedules)]
            if asked and not all(self._alone(*map(self._of, (generator, critic, first, schedule))) for schedule in schedules):
                for chosen in asked:
                    yield from self._rows(chosen, wanted)

    def _losses(self) -> tuple[list[ResolvedPart], list[ResolvedPart]]:
        """Those that stand alone, and those that are tried beside them."""
        losses = self.parts["loss"]
        return [part for part in losses if stands_alone(part)], [part for part in losses if not stands_alone(part)]

    def _rows(self, chosen: Sequence[ResolvedPart], wanted: Callable[[Sequence[ResolvedPart]], bool]) -> Iterator[Row]:
        """Of two networks and losses, a row for each schedule."""
        generator, critic, *losses = (part.name for part in chosen)
        named, reason = tuple(losses), self._alone if len(losses) == 1 else self._reason
        found: dict[Built, str] = {}
        for part in self.parts["schedule"]:
            if (named, part.name) not in self._unplanned and wanted([*chosen, part]):
                if (schedule := self._of(part)) not in found:
                    found[schedule] = reason(*map(self._of, chosen), schedule)
                yield Row(generator, critic, named, part.name, found[schedule])

    def _of(self, part: ResolvedPart) -> Built:
        if id(part) not in self._built:
            built = built_of(part, self.data)
            # Of schedules that differ in nothing that is looked at, one is asked.
            self._built[id(part)] = self._alike.setdefault(looked_at(built.plan), built) if built.plan else built
        return self._built[id(part)]

    def _reason(self, *chosen: Built) -> str:
        """Why a generator, a critic, losses and a schedule do not fit; "" where they do."""
        generator, critic, *losses, schedule = chosen
        plan = schedule.plan or EQUAL
        asking = [built for built in chosen if built.asks]
        whole = plan.losses is not None or bool(plan.frozen) or any(built.asks - plan.values.keys() for built in asking)
        if len(losses) > 1 and not whole and not any(self._alone(generator, critic, loss, schedule) for loss in losses):
            return self._beside(schedule, plan, *losses)
        if refused := next((built.refused for built in chosen if built.refused), ""):
            return refused
        if problem := self._declared.of(*chosen):
            return problem
        if whole:
            return self._whole(generator, critic, losses, schedule, plan)
        pairs = [(generator, critic), *product((generator, critic), losses), *combinations(losses, 2)]
        return next((reason for pair in pairs if (reason := self._pair(plan, *pair))), "")

    def _alone(self, *chosen: Built) -> str:
        """The reason of a combination with one loss, which is asked for as often as there are losses beside it."""
        if chosen not in self._found_alone:
            self._found_alone[chosen] = self._reason(*chosen)
        return self._found_alone[chosen]

    def _beside(self, schedule: Built, plan: Plan, *losses: Built) -> str:
        """Why losses do not fit each other by a schedule's plan, whatever networks there are; "" where they do."""
        key = (schedule, *losses)
        if key not in self._found_beside:
            self._found_beside[key] = next((reason for pair in combinations(losses, 2) if (reason := self._pair(plan, *pair))), "")
        return self._found_beside[key]

    def _whole(self, generator: Built, critic: Built, losses: Sequence[Built], schedule: Built, plan: Plan) -> str:
        """Why a combination does not fit that no stand-in can serve; "" where it does."""
        acting = tuple(loss for loss in losses if plan.names(loss.part.name))
        named = (generator, critic, *acting)
        key = (*named, schedule if plan.losses is not None or plan.frozen else None, *self._values(plan, named))
        if key not in self._found:
            by_name, valued = {loss.part.name: loss.itself for loss in acting}, Plan(values=plan.values)
            making = [loss.itself for loss in acting if loss.asks - plan.values.keys()]
            if (generator.asks | critic.asks) - plan.values.keys() or plan.frozen:
                sure = False
            elif plan.losses is None:
                sure = self.known.fit(generator.itself, critic.itself, list(by_name.values()), valued, making)
            else:
                sure = not making and self.known.fit_a_plan(generator.itself, critic.itself, by_name, plan)
            self._found[key] = "" if sure else self._dry_run(self._players(generator, critic, *losses, schedule), plan)
        return self._found[key]

    def _players(self, *chosen: Built) -> Players:
        """The built instances, with stand-ins for what is not among them."""
        of = {kind: [built.itself for built in chosen if built.kind == kind] for kind in KINDS}
        losses = {built.part.name: built.itself for built in chosen if built.kind == "loss"}
        generator, critic, schedule = (next(iter(of[kind]), None) for kind in ("generator", "critic", "schedule"))
        critic = critic or self._mean(scores_of(losses.values()))
        return stand_ins(self.data, losses, generator or self._echo, critic, schedule or self._alternate)

    def _pair(self, plan: Plan, *pair: Built) -> str:
        """Why two components do not fit whatever the others are, where a plan gives its values; "" where they do."""
        key = (*pair, *self._values(plan, pair))
        if key not in self._found:
            of = {kind: [built.itself for built in pair if built.kind == kind] for kind in KINDS}
            generator, critic = (next(iter(of[kind]), None) for kind in ("generator", "critic"))
            valued = Plan(values=plan.values)
            sure = self.known.fit(generator, critic, of["loss"], valued)
            self._found[key] = "" if sure else self._dry_run(self._players(*pair), valued)
        return self._found[key]

    def _values(self, plan: Plan, chosen: Sequence[Built]) -> Iterator[tuple[str, Any]]:
        """What the plan gives of what these read: the rest makes no difference to them."""
        return (item for item in plan.values.items() if any(item[0] in built.reads for built in chosen))

    def _dry_run(self, players: Players, plan: Plan) -> str:
        problems, _ = dry_run(players, self.data, {0: plan})
        return str(problems[0]) if problems else ""

    def _small(self, component: Any) -> Any:
        """A small one of the same class, of the sizes that the kit tries it with; None where it cannot be built for this data."""
        if prod(self.data.shape) > LARGEST:
            return None
        part = next(built.part for built in self._built.values() if built.itself is component)
        try:
            return small(part).build(self.data)
        except Exception:  # whatever a plugin's code raises: it is tried as it is, then
            return None


def small(part: ResolvedPart) -> ResolvedPart:
    """It, and what it wraps, with the small parameters that the kit tries."""
    wrapped = {name: small(value) for name, value in part.params.items() if isinstance(value, ResolvedPart)}
    return replace(part, params={**part.params, **Candidate(part.component).parameters, **wrapped})


def stands_alone(part: ResolvedPart) -> bool:
    """Whether a loss is an objective for both players: it reads the score, and gives the generator terms."""
    return is_objective(part.cls)  # type: ignore[arg-type]
