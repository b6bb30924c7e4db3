"""A component to be checked: its class, small parameters for it, and the instances that the checks run on."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from ganzoo.compat.dry_run import fake_tensors
from ganzoo.config import ResolvedPart
from ganzoo.data.dataset import Dataset
from ganzoo.errors import ContractError, UserError
from ganzoo.fields import DataSpec, Fields, named_arguments
from ganzoo.metrics.metric import Metric
from ganzoo.params import REQUIRED, model_of, parameters_of, split_annotation
from ganzoo.players import Critic, Generator
from ganzoo.registry import Component, reason
from ganzoo.rules import Loss, Schedule

from .game import batch_of
from .running import exercise, run_on, seeded

EXAMPLES: dict[str, DataSpec] = {
    "labelled 28x28 digits": DataSpec({"sample": (1, 28, 28), "label": ()}, classes=10),
    "labelled 32x32 colour images": DataSpec({"sample": (3, 32, 32), "label": ()}, classes=10),
    "points": DataSpec({"sample": (2,)}, scale=0.7),
}
"""The data that a component is tried on; it must accept at least one."""
PAIRED: dict[str, DataSpec] = {
    "32x32 images with sources of that size": DataSpec({"sample": (3, 32, 32), "source": (3, 32, 32)}),
    "32x32 images with sources of half the size": DataSpec({"sample": (3, 32, 32), "source": (3, 16, 16)}),
}
"""Tried where it accepts none of ``EXAMPLES``: image-conditional work. Here it may refuse a size by failing when it runs."""


class NotHere(Exception):
    """A check cannot be made here; the text says why (data that is not on this machine)."""


@dataclass(frozen=True)
class Lent(DataSpec):
    """Example data together with fields that something else gives in a run: a schedule, a generator."""

    lend: Callable[[int], Fields] = lambda n: {}


@dataclass(frozen=True)
class Subject:
    """One instance to be: a component with its parameters, and the example data it is built for.

    Args:
        part: the component with its parameters.
        data: the example data.
        data_name: what that is called in messages.
        varied: the one parameter that differs from the small defaults, in words; "" where none does.
    """

    part: ResolvedPart
    data: DataSpec
    data_name: str
    varied: str = ""

    @property
    def cls(self) -> type:
        """The component's class."""
        return self.part.cls

    def build(self, seed: int = 0, **changes: Any) -> Any:
        """An instance whose initial weights follow from ``seed``; ``changes`` replace parameters."""
        with seeded(seed):
            return self.changed(**changes).part.build(*(() if issubclass(self.cls, Dataset) else (self.data,)))

    @cached_property
    def on_fake_device(self) -> tuple[dict[str, Tensor], Exception | None]:
        """What it makes of tensors that have a device and no values, and what it raises then; run once for all checks that ask."""
        try:
            with fake_tensors():
                return run_on(torch.device("meta"), self.build(), self.data)
        except Exception as error:  # whatever a plugin's code raises is the finding
            return {}, error

    def changed(self, varied: str = "", **changes: Any) -> Subject:
        """With some parameters changed."""
        return replace(self, part=replace(self.part, params={**self.part.params, **changes}), varied=varied)

    def __str__(self) -> str:
        on = "" if issubclass(self.cls, Dataset) else f"on {self.data_name}"
        return " ".join(filter(None, [on, self.varied and f"with {self.varied}"]))


def refusal_of(subject: Subject) -> str:
    """Why ``subject`` cannot be had: what its constructor says, or a field it needs that this data lacks; "" where it can."""
    try:
        built = subject.build()
    except UserError as error:
        return str(error)
    except Exception as error:  # whatever a plugin's code raises is the reason
        return reason(error)
    given = set(batch_of(subject.data, 2))
    if isinstance(built, Generator):
        given |= built.draw(2).keys()
    needed = set(named_arguments(type(built))) if isinstance(built, (Generator, Critic)) else set()
    if isinstance(built, Loss):
        needed = {*built.reads} | ({"label"} if "label_logits" in built.scores else set())
    missing = sorted(needed - given)
    return f"it needs the field '{missing[0]}'" if missing else ""


def failure_of(subject: Subject, **changes: Any) -> Exception | None:
    """What building it with ``changes`` and running it once raises; None where nothing."""
    try:
        built = subject.build(**changes)
        if isinstance(built, (Generator, Critic, Loss)):
            exercise(built, subject.data)
        elif isinstance(built, Schedule):
            built.plan(0, 1)
    except Exception as error:  # whatever a plugin's code raises is the finding
        return error
    return None


SMALL: dict[str, tuple[Any, ...]] = {
    "width": (8,),
    "max_width": (16,),
    "hidden": ((16, 16), 16),
    "channels": (8,),
    "features": (8,),
    "filters": (8,),
    "latent_dim": (8,),
    "count": (200,),
    "samples": (500,),
    "real_samples": (500,),
    "download": (False,),
}
"""Parameters known to be sizes, with values for them in order of preference; one that the annotation refuses is passed over."""

BASES: dict[str, type] = {
    "generator": Generator,
    "critic": Critic,
    "loss": Loss,
    "schedule": Schedule,
    "dataset": Dataset,
    "metric": Metric,
}
"""What a component of each kind must derive from. Observers need only their methods."""


@dataclass(frozen=True)
class Candidate:
    """A component to be checked.

    Args:
        component: where it is installed.
        door: the plugin's entry point, "" for a class that no plugin gives.
        given: parameters that the caller sets; the others are shrunk.
        data: example data of the caller; empty: the class's own (``example_data``), or else ``EXAMPLES``, or else ``PAIRED``.
        lenders: example data with fields that schedules and generators give, tried where it accepts none of those.
    """

    component: Component
    door: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    data: Sequence[DataSpec] = ()
    lenders: Callable[[], Mapping[str, DataSpec]] = dict

    @property
    def title(self) -> str:
        """Kind and name: ``critic tower``."""
        return f"{self.component.kind} {self.component.name}"

    @cached_property
    def cls(self) -> type:
        """The class.

        Raises:
            UserError: where it cannot be imported, is of another kind, or has a constructor or a ``forward`` that breaks
                the interface: nothing else can be checked then.
        """
        cls = self.component.load()
        base = BASES.get(self.component.kind)
        if base and not issubclass(cls, base):
            raise ContractError(f"{cls.__name__} is no {base.__name__}", f"derive it from ganzoo.{base.__name__}")
        model_of(cls)
        if issubclass(cls, (Generator, Critic)):
            named_arguments(cls)
        return cls

    @cached_property
    def set(self) -> Mapping[str, Any]:
        """The parameters that somebody sets: the class, for its own examples (``example_parameters``), and the caller."""
        return {**getattr(self.cls, "example_parameters", {}), **self.given}

    @cached_property
    def missing(self) -> list[str]:
        """Parameters that have no default and that nobody set."""
        return [p.name for p in parameters_of(self.cls) if p.default is REQUIRED and p.name not in self.set]

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The small parameters, as the constructor's annotations validate them.

        Raises:
            UserError: where the caller gave a parameter that the component refuses.
        """
        values: dict[str, Any] = {}
        for parameter in parameters_of(self.cls):
            if parameter.name in self.set:
                values[parameter.name] = self._validated(parameter.name, self.set[parameter.name])
            else:
                small = next((value for value in SMALL.get(parameter.name, ()) if self.takes(parameter.name, value)), None)
                if small is not None:
                    values[parameter.name] = small
        unknown = sorted(self.set.keys() - {p.name for p in parameters_of(self.cls)})
        if unknown:
            raise UserError(
                f"{self.title} has no parameter '{unknown[0]}'", f"it has: {', '.join(p.name for p in parameters_of(self.cls))}"
            )
        return values

    def takes(self, name: str, value: Any) -> bool:
        """Whether the annotation of the parameter ``name`` lets ``value`` through."""
        try:
            self._validated(name, value)
        except UserError:
            return False
        return True

    def _validated(self, name: str, value: Any) -> Any:
        from pydantic import ValidationError

        try:
            model_of(self.cls).model_validate({name: value})
        except ValidationError as error:
            wrong = [e for e in error.errors() if e["loc"][:1] == (name,)]  # others may be missing
            if wrong:
                raise UserError(f"{self.title} refuses {name}={value!r} ({wrong[0]['msg']})", "give another value") from None
        return value

    @property
    def subjects(self) -> list[Subject]:
        """The instances that the checks run on: each accepted data, each alternative; none where nothing is accepted."""
        return self._tried[0]

    @property
    def refusals(self) -> list[str]:
        """The example data that it does not accept, each with the reason."""
        return self._tried[1]

    @cached_property
    def _tried(self) -> tuple[list[Subject], list[str]]:
        refusals: list[str] = []
        if self.missing:
            return [], [f"it needs the parameter '{self.missing[0]}'"]
        own = self.data or getattr(self.cls, "example_data", ())
        for examples in [lambda: {_name(spec): spec for spec in own}] if own else (lambda: EXAMPLES, lambda: PAIRED, self.lenders):
            found: list[Subject] = []
            for name, spec in (given := examples()).items():
                subject = Subject(ResolvedPart(self.component, self.cls, self.parameters), spec, name)
                refusal = refusal_of(subject)
                if refusal:  # it may be the small parameters that do not fit
                    subject = replace(subject, part=replace(subject.part, params={key: self.parameters[key] for key in self.set}))
                    refusal = refusal_of(subject)
                if not refusal and given is PAIRED and (failure := failure_of(subject)):
                    refusal = reason(failure)
                if refusal:
                    refusals.append(f"{name}: {refusal}")
                else:
                    # What a parameter changes is looked at on the first data that is accepted.
                    found += [subject, *(s for s in ([] if found else self._alternatives(subject)) if not refusal_of(s))]
                if self.component.kind == "dataset":  # it gives data, and takes none
                    break
            if found:
                return found, refusals
        return [], refusals

    def _alternatives(self, subject: Subject) -> Iterator[Subject]:
        for parameter in parameters_of(self.cls):
            if parameter.name in subject.part.params:
                continue
            default = "" if parameter.default is REQUIRED else parameter.default
            for value in listed(parameter.annotation):
                if value != default:
                    yield subject.changed(f"{parameter.name}={value!r}", **{parameter.name: value})


def listed(annotation: Any) -> tuple[Any, ...]:
    """The values that an annotation lists: of a ``Literal``, of ``bool``; none for a number or a text."""
    base, _ = split_annotation(annotation)
    if base is bool:
        return (False, True)
    if typing.get_origin(base) is typing.Literal:
        return typing.get_args(base)
    return ()


def _name(spec: DataSpec) -> str:
    return ", ".join(f"{name} {tuple(shape)}" for name, shape in spec.fields.items())
