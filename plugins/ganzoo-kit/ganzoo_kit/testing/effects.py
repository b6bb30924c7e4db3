"""The effect of a parameter: changed, it shows in weights, results, plans, arrays, numbers or files."""

from __future__ import annotations

import tempfile
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganzoo.data.dataset import Dataset
from ganzoo.engine.optimizers import descend
from ganzoo.errors import ContractError
from ganzoo.fields import DataSpec
from ganzoo.params import REQUIRED, Parameter, kind_of, parameters_of, split_annotation
from ganzoo.rules import Loss, Schedule

from .behaviour import saved
from .component import Candidate, listed
from .data import OTHER, measured, read
from .game import inner_part, smooth_game
from .observers import traces
from .running import exercise, seeded
from .schedules import LENGTHS, steps_of
from .subject import Subject

ASKS_A_NETWORK = ("download",)
"""Parameters that are never tried: they would fetch something."""
SLOPES = (1.0, 1.0, 30.0)
"""A component is run so often, an optimizer steps: what only shows later is seen, too. A loss's critic is so much steeper than usual."""


def effects(part: Candidate) -> None:
    """Every parameter has an effect: with another value, something that the component does is another."""
    idle = [name for name, seen in judged(part).items() if seen is False]
    if idle:
        what = f"another value of '{idle[0]}' changes nothing that was looked at"
        raise ContractError(what, "use it or remove it, or declare why it cannot be seen here (an XFail)")


def judged(part: Candidate, values: Mapping[str, tuple[Any, ...]] | None = None) -> dict[str, bool | None]:
    """Of each parameter (each number of a pair) whether another value shows; None where none could be tried here.

    Args:
        part: the component.
        values: other values by parameter, where the annotation alone suggests none that works.
    """
    found: dict[str, bool | None] = {}
    seen: dict[str, Any] = {}
    for parameter in parameters_of(part.cls):
        if parameter.name in ASKS_A_NETWORK:
            continue
        for name, others in _others(part, parameter, (values or {}).get(parameter.name, ())).items():
            found[name] = _shows(part, parameter.name, others, seen)
    return found


def _others(part: Candidate, parameter: Parameter, given: tuple[Any, ...]) -> dict[str, list[Any]]:
    """Other values of a parameter; of a fixed number of values each is changed by itself (``betas.0``)."""
    value = part.parameters.get(parameter.name, None if parameter.default is REQUIRED else parameter.default)
    base, _ = split_annotation(parameter.annotation)
    arms = typing.get_args(base)
    if typing.get_origin(base) is tuple and arms[-1] is not Ellipsis and value and not given:
        tried = {
            f"{parameter.name}.{i}": [(*value[:i], other, *value[i + 1 :]) for other in suggested(arm, value[i])]
            for i, arm in enumerate(arms)
        }
    else:
        tried = {parameter.name: list(given) or suggested(parameter.annotation, value)}
    return {name: [other for other in others if part.takes(parameter.name, other)] for name, others in tried.items()}


def suggested(annotation: Any, value: Any) -> list[Any]:
    """Values other than ``value`` that an annotation may mean; bounds are not looked at."""
    base, _ = split_annotation(annotation)
    arms = typing.get_args(base)
    if kind := kind_of(annotation):
        return [inner_part(kind, units=5)]
    if typing.get_origin(base) is tuple:
        if isinstance(value, int):  # one number or several: a size of images
            return [(value, other) for other in suggested(arms[0], value)]
        now = tuple(value or ())
        return [item for item in (now[:-1], (*now, *now[-1:]), *((other,) for other in suggested(arms[0], None))) if item != now]
    if arms and typing.get_origin(base) is not typing.Literal:  # a union
        return [other for arm in arms for other in suggested(arm, value)]
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else 0
    by_type: dict[Any, list[Any]] = {
        int: [int(number) // 2, int(number) + 1, 2 * int(number), 1, 3],
        float: [2.0 * number, number / 2, number + 0.5, 0.5, 0.0],
        str: [OTHER],
        type(None): [None],
    }
    return [other for other in (*listed(annotation), *by_type.get(base, ())) if other != value]


def _shows(part: Candidate, name: str, others: list[Any], seen: dict[str, Any]) -> bool | None:
    """Whether one of ``others`` changes anything, alone or with another parameter changed (a factor that is 0, a switch)."""
    tried = None
    beside = [(p.name, other) for p in parameters_of(part.cls) if p.name not in (name, *ASKS_A_NETWORK) for other in _beside(part, p)]
    for subject in part.subjects[:1]:
        for also in [{}, *({key: value} for key, value in beside)]:
            before = _seen(subject, also, seen)
            for other in others if before else ():
                after = _seen(subject, {**also, name: other}, seen)
                if after and not _alike(before, after):
                    return True
                tried = tried or (False if after else None)
    return tried


def _beside(part: Candidate, parameter: Parameter) -> list[Any]:
    return [other for others in _others(part, parameter, ()).values() for other in others][:3]


def _seen(subject: Subject, changes: Mapping[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """What can be seen of the component with ``changes``; {} where it cannot be built or run here."""
    key = repr(sorted(changes.items()))
    if key not in known:
        try:
            known[key] = dict(observed(subject.changed(**changes)))
        except Exception:  # refused, or not on this machine: there is nothing to compare
            known[key] = {}
    found: dict[str, Any] = known[key]
    return found


def observed(subject: Subject) -> Iterator[tuple[str, Any]]:
    """Names and values of what a component is and does."""
    built = subject.build(seed=1)
    kind = subject.part.component.kind
    if isinstance(built, Schedule):
        yield from ((f"{step} of {total}", repr(built.plan(step, total))) for total in LENGTHS for step in steps_of(total))
    elif isinstance(built, Dataset):
        with tempfile.TemporaryDirectory() as folder:
            yield from ((name, np.array(rows[:])) for name, rows in read(built, folder).items())
        yield from ((name, repr(getattr(built, name))) for name in vars(Dataset)["__annotations__"] if name != "source")
    elif kind == "metric":
        with tempfile.TemporaryDirectory() as folder:
            yield from measured(subject, Path(folder), seed=1).items()
    elif kind == "observer":
        yield from traces(subject)
    elif kind == "optimizer":
        yield from ((f"weight {i}", value) for i, value in enumerate(descend(built, len(SLOPES))))
    elif kind in ("generator", "critic", "loss"):
        for run, slope in enumerate(SLOPES):
            yield from ((f"{run} {name}", value.detach()) for name, value in exercise(built, subject.data, seed=run, slope=slope).items())
            if isinstance(built, Loss) and type(built).view is not Loss.view:
                with seeded(run):
                    yield from ((f"{run} {name}", value) for name, value in seen_by_critic(built, subject.data).items())
        yield from saved(built).items()
        yield from ((name, repr(getattr(built, name))) for name in vars(Loss)["__annotations__"] if isinstance(built, Loss))


def seen_by_critic(loss: Loss, data: DataSpec) -> dict[str, torch.Tensor]:
    """The scores of what the critic sees through a loss's view, and the gradients that the generator gets of them."""
    game = smooth_game(loss, data)
    real, fake = game.turn("critic").both_scores
    score = game.turn("generator").fake_scores["score"].mean()
    gradients = torch.autograd.grad(score, list(game.generator.parameters()), allow_unused=True)
    seen = {"real": real["score"].detach(), "fake": fake["score"].detach()}
    return seen | {f"gradient {i}": gradient for i, gradient in enumerate(gradients) if gradient is not None}


def _alike(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return before.keys() == after.keys() and all(_equal(value, after[name]) for name, value in before.items())


def _equal(first: Any, second: Any) -> bool:
    if isinstance(first, torch.Tensor):
        return isinstance(second, torch.Tensor) and first.shape == second.shape and torch.equal(first, second)
    return np.array_equal(first, second) if isinstance(first, np.ndarray) else bool(first == second)
