"""Checks of schedules and observers: a plan is a pure function of the step that a run can carry out; every hook exists."""

from __future__ import annotations

import inspect

import pluggy

from ganzoo import hookspecs
from ganzoo.compat import schedule_problems
from ganzoo.errors import ContractError, did_you_mean
from ganzoo.rules import Plan

from .subject import Subject

LENGTHS = (1, 7, 1200)
"""Lengths of run that are tried, in steps."""


def steps_of(total: int) -> list[int]:
    """The steps that are looked at: the first hundred, round ones with their neighbours, the last."""
    around = (center + offset for center in range(0, total, 100) for offset in (-1, 0, 1))
    return sorted({step for step in [*range(100), *around, total - 1] if 0 <= step < total})


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


def plans(subject: Subject) -> None:
    """Each plan can be carried out: counts of at least 0, somebody moves, values plain."""
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
    if bad := [name for name, value in plan.values.items() if not isinstance(value, (int, float, str))]:
        return f"has the value '{bad[0]}', which is not an int, float or str"
    if not all(name.partition(".")[0] in ("generator", "critic") for name in plan.frozen):
        return f"freezes {plan.frozen}, which do not start with generator or critic"
    return "".join(f"cannot be done: {problem.what}" for problem in schedule_problems(plan))


LIFECYCLE = [name for name, value in vars(hookspecs).items() if hasattr(value, "ganzoo_spec") and not name.startswith("ganzoo_")]
"""The hooks that are called while a run lives."""


def hooks(subject: Subject) -> None:
    """It implements hooks of the run's life, under their names and with arguments that they have."""
    built = subject.build()
    methods = inspect.getmembers(type(built), inspect.isfunction)
    marked = {name: method.ganzoo_impl.get("specname") or name for name, method in methods if hasattr(method, "ganzoo_impl")}
    for hook in marked.values():
        if hook not in LIFECYCLE:
            raise ContractError(f"'{hook}' is not a hook", did_you_mean(hook, LIFECYCLE, noun="hooks"))
    for name, _ in methods:
        if name in LIFECYCLE and name not in marked and name not in marked.values():
            raise ContractError(f"the hook '{name}' is not marked, so nothing calls it", "put @ganzoo.hookimpl over it")
    manager = pluggy.PluginManager("ganzoo")
    manager.add_hookspecs(hookspecs)
    try:
        observer = manager.register(built)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise ContractError(f"a hook does not fit: {' '.join(str(error).split())}", "see ganzoo.hookspecs") from error
    if not manager.get_hookcallers(manager.get_plugin(str(observer))):
        raise ContractError("it implements no hook", "mark its methods @ganzoo.hookimpl")
