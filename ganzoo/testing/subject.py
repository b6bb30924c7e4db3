"""What is checked: a component, and the small instances of it that the checks run on.

An instance is a component on example data with small parameters: its defaults, shrunk where a parameter is known to be
a size, and once more for each alternative that an annotation lists (each norm, each flag).
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ganzoo.data.dataset import Dataset
from ganzoo.errors import ContractError, UserError
from ganzoo.fields import DataSpec, named_arguments
from ganzoo.params import REQUIRED, model_of, parameters_of, split_annotation
from ganzoo.players import Critic, Generator
from ganzoo.registry import Component, reason
from ganzoo.rules import Loss, Schedule

from .randomness import seeded

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
"""Tried where it accepts none of ``EXAMPLES``: image-conditional work."""

SMALL: dict[str, tuple[Any, ...]] = {
    "width": (8,),
    "max_width": (16,),
    "hidden": ((16, 16), 16),
    "channels": (8,),
    "features": (8,),
    "filters": (8,),
    "latent_dim": (8,),
    "count": (200,),
    "download": (False,),
}
"""Parameters known to be sizes, with values for them in order of preference; one that the annotation refuses is passed over."""

BASES: dict[str, type] = {"generator": Generator, "critic": Critic, "loss": Loss, "schedule": Schedule, "dataset": Dataset}
"""What a component of each kind must derive from. Metrics and observers need only their methods."""


class NotHere(Exception):
    """A check cannot be made here; the text says why (data that is not on this machine)."""


@dataclass(frozen=True)
class Subject:
    """One instance to be: a class, the example data it is built for, and its parameters.

    Args:
        kind: the component's kind.
        cls: its class.
        data: the example data.
        data_name: what that is called in messages.
        parameters: keyword arguments of the constructor.
        varied: the one parameter that differs from the small defaults, in words; "" where none does.
    """

    kind: str
    cls: type
    data: DataSpec
    data_name: str
    parameters: Mapping[str, Any]
    varied: str = ""

    def build(self, seed: int = 0, **changes: Any) -> Any:
        """An instance whose initial weights follow from ``seed``; ``changes`` replace parameters."""
        parameters = {**self.parameters, **changes}
        with seeded(seed):
            return self.cls(**parameters) if self.kind == "dataset" else self.cls(self.data, **parameters)

    def __str__(self) -> str:
        on = "" if self.kind == "dataset" else f"on {self.data_name}"
        return " ".join(filter(None, [on, self.varied and f"with {self.varied}"]))


@dataclass(frozen=True)
class Part:
    """A component to be checked.

    Args:
        component: where it is installed.
        door: the plugin's entry point, "" for a class that no plugin gives.
        given: parameters that the caller sets; the others are shrunk.
        data: example data of the caller; empty: ``EXAMPLES``, or else ``PAIRED``.
    """

    component: Component
    door: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    data: Sequence[DataSpec] = ()

    @property
    def title(self) -> str:
        """Kind and name: ``critic resnet``."""
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
    def missing(self) -> list[str]:
        """Parameters that have no default and that the caller did not give."""
        return [p.name for p in parameters_of(self.cls) if p.default is REQUIRED and p.name not in self.given]

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The small parameters, as the constructor's annotations validate them.

        Raises:
            UserError: where the caller gave a parameter that the component refuses.
        """
        values: dict[str, Any] = {}
        for parameter in parameters_of(self.cls):
            if parameter.name in self.given:
                values[parameter.name] = self._validated(parameter.name, self.given[parameter.name])
            else:
                small = next((value for value in SMALL.get(parameter.name, ()) if self.takes(parameter.name, value)), None)
                if small is not None:
                    values[parameter.name] = small
        unknown = sorted(self.given.keys() - {p.name for p in parameters_of(self.cls)})
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

        model = model_of(self.cls)
        required = dict.fromkeys(self.missing, value)  # not looked at: only this one's errors count
        try:
            model.model_validate({**self.given, **required, name: value})
        except ValidationError as error:
            wrong = [e for e in error.errors() if e["loc"][:1] == (name,)]
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
        for examples in [{_name(spec): spec for spec in self.data}] if self.data else [EXAMPLES, PAIRED]:
            found: list[Subject] = []
            for name, spec in examples.items():
                subject = Subject(self.component.kind, self.cls, spec, name, self.parameters)
                refusal = refusal_of(subject)
                if refusal:
                    refusals.append(f"{name}: {refusal}")
                else:
                    found += [subject, *(s for s in self._alternatives(subject) if not refusal_of(s))]
                if self.component.kind == "dataset":  # it gives data, and takes none
                    break
            if found:
                return found, refusals
        return [], refusals

    def _alternatives(self, subject: Subject) -> Iterator[Subject]:
        for parameter in parameters_of(self.cls):
            if parameter.name in subject.parameters:
                continue
            default = "" if parameter.default is REQUIRED else parameter.default
            for value in listed(parameter.annotation):
                if value != default:
                    parameters = {**subject.parameters, parameter.name: value}
                    yield Subject(subject.kind, subject.cls, subject.data, subject.data_name, parameters, f"{parameter.name}={value!r}")


def listed(annotation: Any) -> tuple[Any, ...]:
    """The values that an annotation lists: of a ``Literal``, of ``bool``; none for a number or a text."""
    base, _ = split_annotation(annotation)
    if base is bool:
        return (False, True)
    if typing.get_origin(base) is typing.Literal:
        return typing.get_args(base)
    return ()


def refusal_of(subject: Subject) -> str:
    """Why ``subject`` cannot be had: what its constructor says, or a field it needs that this data lacks; "" where it can."""
    try:
        built = subject.build()
    except UserError as error:
        return str(error)
    except Exception as error:  # whatever a plugin's code raises is the reason
        return reason(error)
    given = set(subject.data.fields)
    if isinstance(built, Generator):
        given |= built.draw(2).keys()
    needed = set(named_arguments(type(built))) if isinstance(built, (Generator, Critic)) else set()
    if isinstance(built, Loss):
        needed = set(built.reads) | ({"label"} if "label_logits" in built.scores else set())
    missing = sorted(needed - given)
    return f"it needs the field '{missing[0]}'" if missing else ""


def _name(spec: DataSpec) -> str:
    return ", ".join(f"{name} {tuple(shape)}" for name, shape in spec.fields.items())
