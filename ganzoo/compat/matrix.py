"""Every installed generator, critic, loss and schedule against each other: what fits one data set, and why not.

A loss that is no objective by itself (a penalty, a constraint, a classification) is tried together with each that is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import Any

from ganzoo import compat
from ganzoo.errors import UserError
from ganzoo.fields import DataSpec
from ganzoo.params import REQUIRED, parameters_of
from ganzoo.registry import Component, Registry
from ganzoo.rules import Loss
from ganzoo.ui.progress import Reporter


@dataclass(frozen=True)
class DefaultPart:
    """A component with its default parameters."""

    component: Component
    cls: type = field(repr=False)

    @property
    def name(self) -> str:
        """The component's name."""
        return self.component.name

    def build(self, data: DataSpec) -> Any:
        """An instance for ``data``."""
        return self.cls(data)


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
    parts = {kind: default_parts(registry, kind) for kind in ("generator", "critic", "loss", "schedule")}
    rows: list[Row] = []
    pairs = list(product(parts["generator"], parts["critic"]))
    with reporter.task("checking", len(pairs), unit="pairs") as task:
        for generator, critic in pairs:
            rows += _pair(generator, critic, parts["loss"], parts["schedule"], data)
            task.advance()
    return rows


def _pair(
    generator: DefaultPart, critic: DefaultPart, losses: list[DefaultPart], schedules: list[DefaultPart], data: DataSpec
) -> list[Row]:
    """The rows of one pair of networks: each loss that stands alone, and each that fits with each companion."""
    rows: list[Row] = []
    fitting = []
    for loss in (part for part in losses if stands_alone(part)):
        verdict = compat.check(generator, critic, [loss], schedules[0], data)
        rows += _rows(generator, critic, [loss], schedules, verdict, data)
        fitting += [loss] if verdict.fits else []
    for first, second in product(fitting, (part for part in losses if not stands_alone(part))):
        verdict = compat.check(generator, critic, [first, second], schedules[0], data)
        rows += _rows(generator, critic, [first, second], schedules, verdict, data)
    return rows


def stands_alone(part: DefaultPart) -> bool:
    """Whether a loss is an objective for both players: it reads the score, and gives the generator terms."""
    return "score" in part.cls.scores and part.cls.generator_terms is not Loss.generator_terms  # type: ignore[attr-defined]


def default_parts(registry: Registry, kind: str) -> list[DefaultPart]:
    """The components of a kind that can be imported and need no parameters."""
    found = []
    for component in registry.of_kind(kind):
        try:
            cls = component.load()
            if all(p.default is not REQUIRED for p in parameters_of(cls)):
                found.append(DefaultPart(component, cls))
        except UserError:  # broken: 'ganzoo plugins' and every run that names it say why
            continue
    return found


def _rows(
    generator: DefaultPart,
    critic: DefaultPart,
    losses: list[DefaultPart],
    schedules: list[DefaultPart],
    verdict: compat.Verdict,
    data: DataSpec,
) -> list[Row]:
    """A row a schedule: the networks' verdict is the same under each, unless a schedule gives fields or has problems of its own."""
    rows = []
    for schedule in schedules:
        plan = schedule.build(data).plan(0, 1)
        if plan.values:
            verdict = compat.check(generator, critic, losses, schedule, data)
        problems = [*verdict.problems, *compat.schedule_problems(plan)]
        reason = str(problems[0]) if problems else ""
        rows.append(Row(generator.name, critic.name, tuple(loss.name for loss in losses), schedule.name, reason))
    return rows
