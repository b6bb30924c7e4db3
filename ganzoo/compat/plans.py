"""The distinct plans of a schedule over a run, each checked before training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import Any

from torch import nn

from ganzoo.errors import UserError, did_you_mean
from ganzoo.rules import Plan, Schedule

from .verdict import Players, Problem, name_of, reason_of

MAX_PLANS = 32
"""Kinds of plan that are dry-run; of more, what they name is still looked at, but not where they differ in values only."""
_FIXED = attrgetter("critic_updates", "generator_updates", "share_fake", "fresh_real", "losses", "frozen", "reset")
SIDES = ("critic", "generator")


def kinds_of(schedule: Schedule, total: int) -> tuple[dict[int, Plan], str]:
    """The first step of each kind of plan in a run of ``total`` steps, with that plan; and a note where there are too many.

    Plans are of one kind where the same players move by the same losses, with the same fields: the values of floats do
    not matter. Every step is asked, as nothing is known of a schedule but that it is pure.

    Raises:
        UserError: where ``plan`` fails, or gives something else.
    """
    found: dict[Any, int] = {}
    named: set[Any] = set()  # kinds without their values
    step, cut, before = 0, False, None
    try:
        for step in range(total):
            if (plan := schedule.plan(step, total)) is before:
                continue
            before = plan
            refuse_malformed(plan)
            fixed = (*_FIXED(plan), *sorted(plan.batch_size.items()))
            kind = fixed, tuple((n, "" if isinstance(v, float) else v) for n, v in sorted(plan.values.items()))
            if len(found) < MAX_PLANS or fixed not in named:
                found.setdefault(kind, step)
                named.add(fixed)
            cut |= kind not in found
    except UserError:
        raise
    except Exception as error:  # whatever a plugin's code raises is the reason
        who, what = f"schedule {name_of(schedule)}", reason_of(error)
        raise UserError(f"{who} gives no plan for step {step} of {total}: {what}", "repair it: see ganzoo.Plan", key="schedule") from error
    cut = cut or len(found) > MAX_PLANS
    note = f"the schedule makes more than {MAX_PLANS} kinds of plan: the first {MAX_PLANS} were tried" if cut else ""
    return {first: schedule.plan(first, total) for first in found.values()}, note


def refuse_malformed(plan: Plan) -> None:
    """Raise a TypeError that names a number of updates that is none, a text in a list's place, or a value of numpy or torch."""
    counts = {"critic_updates": plan.critic_updates, "generator_updates": plan.generator_updates}
    wrong: dict[str, Any] = {name: n for name, n in counts.items() if type(n) is not int or n < 0}
    wrong |= {name: value for name in ("losses", "frozen", "reset") if isinstance(value := getattr(plan, name), str)}
    wrong |= {f"values['{name}']": v for name, v in plan.values.items() if type(v) not in (int, float, str, bool)}
    for name, value in wrong.items():
        raise TypeError(f"its Plan has {name}={value!r}")


def plan_problems(players: Players, plans: Mapping[int, Plan]) -> Iterator[Problem]:
    """What plans ask for that cannot be done: names of nothing, a shared fake for several updates, no update at all."""
    if not any(plan.critic_updates or plan.generator_updates for plan in plans.values()):
        yield Problem("schedule", "the schedule moves nobody in the whole run", "plan some updates")
    entries = {name.partition("#")[0] for name in players.losses}
    losses = entries | {entry.partition("@")[0] for entry in entries}
    networks = nn.ModuleDict(players.networks)
    for step, plan in plans.items():
        yield from schedule_problems(plan, at(step))
        for name in sorted((plan.losses or set()) - losses):
            what = f"the schedule acts by a loss '{name}'{at(step)}, which is none of the run's"
            yield Problem("schedule", what, did_you_mean(name, losses))
        for name in plan.frozen:
            try:
                networks.get_submodule(name)
            except AttributeError:
                parts = [part for part, _ in networks.named_modules() if part]
                near = [part for part in parts if part.count(".") == name.count(".")] or parts
                what = f"the schedule freezes '{name}'{at(step)}, which is not part of the networks"
                yield Problem("schedule", what, did_you_mean(name, near))


def schedule_problems(plan: Plan, when: str = "") -> Iterator[Problem]:
    """What a plan asks for that no networks could do."""
    if plan.share_fake and (plan.critic_updates, plan.generator_updates) != (1, 1):
        what = f"one fake is shared by both turns{when}, which needs one critic and one generator update a step"
        yield Problem("schedule", what, "set share_fake: false")
    elif plan.share_fake and (plan.fresh_real or plan.batch_size):
        asked = "fresh_real" if plan.fresh_real else "batch_size"
        what = f"one fake is shared by both turns{when}, which then take one batch, but the generator asks for one of its own ({asked})"
        yield Problem("schedule", what, "leave one of them out")
    for asked, names in (("batch_size", plan.batch_size), ("reset", plan.reset)):
        for name in set(names) - {*SIDES}:
            what = f"the schedule says {asked} of '{name}'{when}, which is not a player"
            yield Problem("schedule", what, did_you_mean(name, SIDES))
    for side, size in plan.batch_size.items():
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            yield Problem("schedule", f"the schedule gives the {side} batches of {size!r} samples{when}", "give a number of 1 or more")


def at(step: int) -> str:
    """A plan in a sentence: where it begins, but for the first."""
    return f" from step {step} on" if step else ""
