"""Every check of the conformance kit, listed by the kind of component that it concerns, in the order they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .behaviour import bf16, determinism, engine, placement, state, values, weights
from .common import accepts, documented, entry_point, loads, parameters
from .data import arrays, lazy, numbers, repeatable
from .directions import constraint, differences, extremes, is_objective, signs
from .effects import effects
from .losses import changes, declared, overrides, terms
from .networks import gradients, inputs, mixing, outputs, prior, raw
from .optimizers import descent, rate, resumes
from .schedules import hooks, plans, pure

OF_CLASS = (loads, entry_point, documented, accepts, parameters)
"""They look at the class alone, and come first: others may only repeat what they say."""
RUNNING = (determinism, state, bf16, values, placement, engine)
BY_KIND: Mapping[str, tuple[Callable[[Any], None], ...]] = {
    "generator": (*OF_CLASS, outputs, prior, inputs, gradients, *RUNNING, weights, effects),
    "critic": (*OF_CLASS, outputs, raw, inputs, gradients, mixing, *RUNNING, weights, effects),
    "loss": (*OF_CLASS, terms, declared, changes, extremes, signs, differences, constraint, *RUNNING, effects),
    "schedule": (*OF_CLASS, pure, plans, effects),
    "dataset": (*OF_CLASS, arrays, repeatable, lazy, effects),
    "metric": (*OF_CLASS, lazy, numbers, effects),
    "observer": (*OF_CLASS, hooks),
    "optimizer": (*OF_CLASS, descent, rate, resumes, effects),
}
CONCERNS: Mapping[Callable[[Any], None], Callable[[type], bool]] = {
    signs: is_objective,
    differences: lambda cls: overrides(cls, "critic_terms") or overrides(cls, "generator_terms"),
    constraint: lambda cls: overrides(cls, "constrain_"),
}
"""Checks that concern some classes of a kind only."""


@dataclass(frozen=True)
class Check:
    """One demand on components.

    Args:
        name: how reports and expected failures call it.
        kinds: the kinds of component it concerns.
        about: what it demands, in one sentence.
        function: raises where the demand is not met. It takes a ``Part`` where ``of_class``, else a ``Subject``.
        of_class: it looks at the class alone; otherwise it runs on each of the component's instances.
        concerns: narrows it to some classes (losses that have a ``constrain_``).
    """

    name: str
    kinds: frozenset[str]
    about: str
    function: Callable[[Any], None]
    of_class: bool
    concerns: Callable[[type], bool]


def _check(function: Callable[[Any], None]) -> Check:
    kinds = frozenset(kind for kind, functions in BY_KIND.items() if function in functions)
    about = (function.__doc__ or "").partition("\n")[0]
    return Check(function.__name__, kinds, about, function, function in (*OF_CLASS, effects), CONCERNS.get(function, lambda cls: True))


CHECKS: list[Check] = [_check(function) for function in dict.fromkeys(each for kind in BY_KIND.values() for each in kind)]
"""All of them: the first line of a function's docstring says what it demands."""
