"""Every check of the conformance kit, listed by the kind of component that it concerns, and those of any component's class."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ganzoo.errors import ContractError, UserError
from ganzoo.params import REQUIRED, parameters_of, split_annotation
from ganzoo.registry import reason

from .behaviour import bf16, determinism, engine, placement, state, values, weights
from .component import Candidate, listed
from .data import arrays, lazy, numbers, repeatable
from .directions import constraint, differences, extremes, is_objective, signs
from .effects import effects
from .losses import changes, declared, overrides, parts, terms
from .networks import gradients, inputs, mixing, outputs, prior, raw
from .schedules import descent, hooks, plans, pure, rate, resumes
from .subject import NotHere, failure_of

TEMPTING: dict[type, tuple[Any, ...]] = {int: (-1, 0, 1, 3), float: (-1.0, 0.0, 2.0), str: ("", "nonsense")}
"""Values that an unbounded annotation lets through; ``tuple`` is tried empty and with each of its item's."""


def loads(part: Candidate) -> None:
    """It can be imported, is of its kind, its parameters can be YAML keys, and ``forward`` names each field that it needs."""
    _ = part.cls  # it says what is wrong


def entry_point(part: Candidate) -> None:
    """Listing it imports no torch: its plugin's entry point gives "module:Class" and imports nothing heavy."""
    entry = f"EntryPoint('entry_point', {part.entry_point!r}, 'ganzoo')"
    listing = f"from importlib.metadata import EntryPoint; from ganzoo.registry import Registry; Registry([{entry}])"
    if part.entry_point and (found := imported_by(listing)):
        remedy = "give 'module:Class' in place of classes, and import it in those modules only"
        raise ContractError(f"listing what {part.entry_point} gives imports {found}", remedy)


@functools.cache
def imported_by(statement: str) -> str:
    """ "torch" where a fresh interpreter has imported it after ``statement``."""
    code = f"{statement}\nimport sys; print('torch' * ('torch' in sys.modules))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ContractError(f"'{statement}' fails: {done.stderr.strip().splitlines()[-1]}", "repair what it imports")
    return done.stdout.strip()


def documented(part: Candidate) -> None:
    """The class and each of its parameters say what they mean, so that ``ganzoo info`` can."""
    if not (vars(part.cls).get("__doc__") or "").strip():
        raise ContractError(f"{part.cls.__name__} has no docstring", "say in one line what it is, then the equation and the paper")
    silent = [parameter.name for parameter in parameters_of(part.cls) if not parameter.meaning]
    if silent:
        raise ContractError(f"the parameter '{silent[0]}' is not documented", f"add it to the Args: of {part.cls.__name__}'s docstring")


def accepts(part: Candidate) -> None:
    """It can be built with small parameters for some example data."""
    defaults = [p for p in parameters_of(part.cls) if p.default is not REQUIRED]
    refused = [p for p in defaults if not part.takes(p.name, p.default)]
    if refused:
        raise ContractError(
            f"the default of '{refused[0].name}' ({refused[0].default!r}) is refused by its own annotation", "make them agree"
        )
    if part.subjects:
        return
    what, remedy = f"it accepts none of the example data ({'; '.join(part.refusals)})", "give parameters and data that it accepts"
    if part.component.kind in ("dataset", "metric", "observer"):
        raise NotHere(f"{what}; {remedy}")  # what it wants may not be on this machine
    raise ContractError(what, remedy)


def parameters(part: Candidate) -> None:
    """Whatever a parameter's annotation lets through works, or is refused by a UserError."""
    for subject in part.subjects[:1]:
        if failure_of(subject):
            return  # it fails as it is, which the other checks say
        for parameter in parameters_of(part.cls):
            for value in tempting(parameter.annotation):
                failure = failure_of(subject, **{parameter.name: value}) if part.takes(parameter.name, value) else None
                if failure and not isinstance(failure, UserError):
                    raise ContractError(
                        f"{parameter.name}={value!r} is let through and then raises {reason(failure)}",
                        "bound its annotation (PositiveInt), or raise a UserError in the constructor",
                    )


def tempting(annotation: Any) -> list[Any]:
    """Values at the edge of what ``annotation`` may mean, and all that it lists."""
    base, _ = split_annotation(annotation)
    arguments = typing.get_args(base)
    if typing.get_origin(base) is tuple:
        items = [value for value in tempting(arguments[0]) if arguments[-1] is Ellipsis]
        return [(), *((value,) for value in items)]
    if typing.get_origin(base) is not typing.Literal and arguments:  # a union
        return [value for argument in arguments for value in tempting(argument)]
    return [*listed(annotation), *TEMPTING.get(base, ())]


OF_CLASS = (loads, entry_point, documented, accepts, parameters)
"""They look at the class alone, and come first: others may only repeat what they say."""
RUNNING = (determinism, state, bf16, values, placement, engine)
BY_KIND: Mapping[str, tuple[Callable[[Any], None], ...]] = {
    "generator": (*OF_CLASS, outputs, prior, inputs, gradients, *RUNNING, weights, effects),
    "critic": (*OF_CLASS, outputs, raw, inputs, gradients, mixing, *RUNNING, weights, effects),
    "loss": (*OF_CLASS, terms, declared, changes, parts, extremes, signs, differences, constraint, *RUNNING, effects),
    "schedule": (*OF_CLASS, pure, plans, effects),
    "dataset": (*OF_CLASS, arrays, repeatable, lazy, effects),
    "metric": (*OF_CLASS, lazy, numbers, effects),
    "observer": (*OF_CLASS, hooks, effects),
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
