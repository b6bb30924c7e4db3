"""A component to be checked: its class, small parameters for it, and the instances that the checks run on."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch

from ganzoo.config import Part, ResolvedPart
from ganzoo.config.resolution import resolve_component
from ganzoo.data.dataset import Dataset
from ganzoo.errors import ContractError, UserError
from ganzoo.fields import DataSpec, forward_inputs
from ganzoo.metrics.metric import Metric
from ganzoo.params import REQUIRED, kind_of, model_of, parameters_of, split_annotation
from ganzoo.players import Critic, Generator
from ganzoo.registry import Component, Registry, reason
from ganzoo.rules import Loss, Schedule

from .game import inner_part
from .subject import EXAMPLES, PAIRED, WITHOUT_DATA, Subject, example_of, failure_of, refusal_of

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
    "optimizer": torch.optim.Optimizer,
}
"""What a component of each kind must derive from. Observers need only their methods."""


@dataclass(frozen=True)
class Candidate:
    """A component to be checked.

    Args:
        component: where it is installed.
        entry_point: the plugin's entry point, "" for a class that no plugin gives.
        given: parameters that the caller sets; the others are shrunk.
        data: example data of the caller; empty: the class's own (``example_data``), or else ``EXAMPLES``, or else ``PAIRED``.
        lenders: example data with fields that schedules and generators give, tried where it accepts none of those.
    """

    component: Component
    entry_point: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    data: Sequence[DataSpec | Dataset] = ()
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
        cls: type = self.component.load()
        base = BASES.get(self.component.kind)
        if base and not issubclass(cls, base):
            home = base.__module__.partition(".")[0] + ".optim" * (base is torch.optim.Optimizer)
            raise ContractError(f"{cls.__name__} is not a {base.__name__}", f"derive it from {home}.{base.__name__}")
        model_of(cls)
        if issubclass(cls, (Generator, Critic)):
            forward_inputs(cls)
        return cls

    @cached_property
    def set(self) -> Mapping[str, Any]:
        """The parameters that somebody sets: the class, for its own examples (``example_parameters``), and the caller."""
        return {**getattr(self.cls, "example_parameters", {}), **self.given}

    @cached_property
    def inner(self) -> Mapping[str, ResolvedPart]:
        """Of a wrapper: small components for those of its parameters that nobody sets."""
        kinds = {p.name: kind_of(p.annotation) for p in parameters_of(self.cls) if p.name not in self.set}
        return {name: inner_part(kind) for name, kind in kinds.items() if kind}

    @cached_property
    def missing(self) -> list[str]:
        """Parameters that have no default and that nobody set."""
        return [p.name for p in parameters_of(self.cls) if p.default is REQUIRED and p.name not in {*self.set, *self.inner}]

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The small parameters, as the constructor's annotations validate them.

        Raises:
            UserError: where the caller gave a parameter that the component refuses.
        """
        values: dict[str, Any] = dict(self.inner)
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

        model = model_of(self.cls)
        if isinstance(value, ResolvedPart):
            return value
        try:
            model.model_validate({name: value})
        except ValidationError as error:
            wrong = [e for e in error.errors() if e["loc"][:1] == (name,)]  # others may be missing
            if wrong:
                raise UserError(f"{self.title} refuses {name}={value!r} ({wrong[0]['msg']})", "give another value") from None
        if kind := kind_of(model.model_fields[name]):
            part = Part(value) if isinstance(value, str) else Part(value["name"], {key: v for key, v in value.items() if key != "name"})
            return resolve_component(Registry.installed().find(kind, part.name), part.params)
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
        usual = [lambda: EXAMPLES, lambda: PAIRED, self.lenders]
        for examples in [lambda: {_name(spec): spec for spec in map(example_of, own)}] if own else usual:
            found: list[Subject] = []
            for name, spec in (given := examples()).items():
                subject = Subject(ResolvedPart(self.component, self.cls, self.parameters), spec, name)
                refusal = refusal_of(subject)
                if refusal:  # it may be the small parameters that do not fit
                    subject = replace(
                        subject, part=replace(subject.part, params={key: self.parameters[key] for key in (*self.set, *self.inner)})
                    )
                    refusal = refusal_of(subject)
                # A stand-in may lack a route that is needed, and a wrapped network knows nothing of the data.
                uncertain = given is PAIRED or bool(getattr(self.cls, "needs", None)) or hasattr(self.cls, "wrapped")
                if not refusal and uncertain and (failure := failure_of(subject)):
                    refusal = reason(failure)
                if refusal:
                    refusals.append(f"{name}: {refusal}")
                else:
                    # What a parameter changes is looked at on the first data that is accepted.
                    found += [subject, *(s for s in ([] if found else self._alternatives(subject)) if not refusal_of(s))]
                if self.component.kind in WITHOUT_DATA:
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
