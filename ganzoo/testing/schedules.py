"""Checks of schedules: a plan is a pure function of the step, and a run can carry it out."""

from __future__ import annotations

import math

from ganzoo.compat import schedule_problems
from ganzoo.errors import ContractError
from ganzoo.rules import Plan

from .kit import check
from .subject import Subject

LENGTHS = (1, 7, 1200)
"""Lengths of run that are tried, in steps."""


def steps_of(total: int) -> list[int]:
    """The steps that are looked at: the first hundred, round ones with their neighbours, the last."""
    around = (center + offset for center in range(0, total, 100) for offset in (-1, 0, 1))
    return sorted({step for step in [*range(100), *around, total - 1] if 0 <= step < total})


@check("schedule")
def pure(subject: Subject) -> None:
    """``plan`` depends on the step alone: asked twice, in any order, of any instance, it says the same."""
    schedule = subject.build()
    for total in LENGTHS:
        steps = steps_of(total)
        forward = [schedule.plan(step, total) for step in steps]
        backward = [schedule.plan(step, total) for step in reversed(steps)][::-1]
        fresh = [subject.build(seed=1).plan(step, total) for step in steps]
        for step, *plans in zip(steps, forward, backward, fresh, strict=True):
            if plans.count(plans[0]) != len(plans):
                raise ContractError(
                    f"plan({step}, {total}) says different things: {plans[0]} and {next(p for p in plans if p != plans[0])}",
                    "compute it from step and total only: a resumed run asks in the middle",
                )


@check("schedule")
def plans(subject: Subject) -> None:
    """Each plan can be carried out: counts of at least 0, somebody moves, the rate finite, values plain."""
    schedule = subject.build()
    for total in LENGTHS:
        moved = False
        for step in steps_of(total):
            plan = schedule.plan(step, total)
            if problem := problem_of(plan):
                raise ContractError(f"plan({step}, {total}) {problem}", "see ganzoo.Plan")
            moved = moved or bool(plan.critic_updates or plan.generator_updates)
        if not moved:
            raise ContractError(f"nobody moves in a run of {total} steps", "plan some updates")


def problem_of(plan: Plan) -> str:
    """What no run could do with ``plan``; "" where it can."""
    if not isinstance(plan, Plan):
        return f"is a {type(plan).__name__}, no Plan"
    for name in ("critic_updates", "generator_updates"):
        count = getattr(plan, name)
        if type(count) is not int or count < 0:
            return f"has {name}={count!r}, wanted an int of at least 0"
    if not (isinstance(plan.lr_scale, (int, float)) and math.isfinite(plan.lr_scale) and plan.lr_scale >= 0):
        return f"has lr_scale={plan.lr_scale!r}, wanted a finite number of at least 0"
    if bad := [name for name, value in plan.values.items() if not isinstance(value, (int, float, str))]:
        return f"has the value '{bad[0]}', which is no int, float or str"
    if not all(name.partition(".")[0] in ("generator", "critic") for name in plan.frozen):
        return f"freezes {plan.frozen}, which do not start with generator or critic"
    return "".join(f"cannot be done: {problem.what}" for problem in schedule_problems(plan))
