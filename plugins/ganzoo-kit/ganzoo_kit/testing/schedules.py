"""Checks of schedules, observers and optimizers.

A plan is a pure function of the step that a run can carry out; an observer's hooks exist; an optimizer descends, at the rate of its
groups, and continues exactly from its saved state.
"""

from __future__ import annotations

import copy
import inspect

import pluggy
import torch

from ganzoo import hookspecs
from ganzoo.compat import schedule_problems
from ganzoo.engine.optimizers import descend, restore, state_of
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


STEPS = 5
"""Of an optimizer."""


def descent(subject: Subject) -> None:
    """Its steps need no closure, and lower a sum of squares."""
    optimizer = subject.build()
    before, after = (sum(float(p.square().sum()) for p in descend(optimizer, steps)) for steps in (0, STEPS))
    if not after < before:
        raise ContractError(f"{STEPS} steps take a sum of squares from {before:.6g} to {after:.6g}", "step against the gradient")


def rate(subject: Subject) -> None:
    """Each step reads ``lr`` of its group, a float or a tensor: curves move it. At 0 no weight moves."""
    for zero in (0.0, torch.zeros(())):
        optimizer = subject.build()
        start = descend(optimizer, 0)
        descend(optimizer, 1)
        for group in optimizer.param_groups:
            if not isinstance(group.get("lr"), float):
                raise ContractError(f"the 'lr' of a group is {group.get('lr')!r}", "give the base class {'lr': lr} among its defaults")
            group["lr"] = zero
        moved = descend(optimizer, 0)
        if all(torch.equal(a, b) for a, b in zip(start, moved, strict=True)):
            raise ContractError("a step moves nothing", "step against the gradient")
        if not all(torch.equal(a, b) for a, b in zip(moved, descend(optimizer, STEPS), strict=True)):
            raise ContractError(f"weights move where 'lr' is {zero}", "multiply all that a step changes by group['lr'], read in each step")


def resumes(subject: Subject) -> None:
    """Given the saved state, a fresh instance continues bit for bit: what a step needs is in ``state`` and in the groups."""
    first, second = subject.build(), subject.build()
    for mine, other in zip(descend(first, STEPS), (p for group in second.param_groups for p in group["params"]), strict=True):
        other.data.copy_(mine)
    restore(second, copy.deepcopy(state_of(first)))  # as from a file
    if not all(torch.equal(a, b) for a, b in zip(descend(first, STEPS), descend(second, STEPS), strict=True)):
        raise ContractError("continued from its saved state, weights differ", "keep what changes in self.state[parameter]")
