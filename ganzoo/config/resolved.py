"""The parts of a configuration that were found, each with its class and every parameter."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from ganzoo.errors import UserError
from ganzoo.params import model_of
from ganzoo.params.curves import Curve, as_plain, at, build_with_curves
from ganzoo.registry import Component


@dataclass(frozen=True)
class ResolvedPart:
    """A part that was found, with every parameter.

    Args:
        component: what is installed under its name.
        cls: its class.
        params: every parameter with its value, in the types that the constructor is annotated with; a component is a part itself.
        key: its key in the configuration (``loss.1``).
        where: ``FILE:LINE`` of that key.
        every: a metric's steps between two evaluations; None: once, at the end of the run.
        route: the players' route that a loss acts along; "": their ``forward``.
        groups: of an optimizer: a sub-module of its network to the parameters that differ there.
        hides: what else is called so, where it is of a one-file plugin.
    """

    component: Component
    cls: type
    params: dict[str, Any]
    key: str = ""
    where: str = ""
    every: int | None = None
    route: str = ""
    groups: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
    hides: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The component's name, without its distribution."""
        return self.component.name

    @property
    def with_inner(self) -> Iterator[ResolvedPart]:
        """Itself and the parts among its parameters, however deep."""
        yield self
        for value in self.params.values():
            if isinstance(value, ResolvedPart):
                yield from value.with_inner

    @property
    def defaults(self) -> dict[str, Any]:
        """The parameters that need not be given, with their defaults as plain values."""
        fields = model_of(self.cls).model_fields
        return _plain({name: field.default for name, field in fields.items() if not field.is_required()})

    def build(self, *args: Any) -> Any:
        """Make the component, on its route: ``cls(*args, **params)``; an optimizer with what its curves begin at, a loss with tensors.

        Raises:
            UserError: what the constructor refuses, at the place of this part.
        """
        try:
            if self.component.kind == "loss" and any(isinstance(value, Curve) for value in self.params.values()):
                built = build_with_curves(self.cls, args, self.params)
            else:
                built = self.cls(*args, **{name: at(value, 0, 1) for name, value in self.params.items()})
        except UserError as error:
            raise error.at(self.where, self.key) from error
        if self.route:
            built.route = self.route
        return built

    __call__ = build  # what a wrapper does with the component that it is given

    def plain(self, **own: Any) -> dict[str, Any]:
        """As a configuration writes it: qualified name, keys of its ``own``, every parameter."""
        own |= {"route": self.route} if self.route else {}
        groups = {"groups": {module: _plain(params) for module, params in self.groups.items()}} if self.groups else {}
        return {"name": self.component.qualified} | own | _plain(self.params) | groups


@dataclass(frozen=True)
class Resolved:
    """Every part of a configuration, found.

    Args:
        data, generator, critic, schedule: one part each.
        losses: in the order of the configuration.
        metrics, observers: in the order of the configuration.
        optimizers: "generator" and "critic" to one part each.
        defaults: the observers that every run tells and this one does not name. They are not part of the configuration.
    """

    data: ResolvedPart
    generator: ResolvedPart
    critic: ResolvedPart
    losses: list[ResolvedPart]
    schedule: ResolvedPart
    metrics: list[ResolvedPart]
    observers: list[ResolvedPart]
    optimizers: dict[str, ResolvedPart]
    defaults: Sequence[Component] = ()

    @property
    def parts(self) -> list[ResolvedPart]:
        """All of them, and those that they wrap."""
        single = [self.data, self.generator, self.critic, self.schedule]
        named = [*single, *self.losses, *self.metrics, *self.observers, *self.optimizers.values()]
        return [inner for part in named for inner in part.with_inner]

    @property
    def notes(self) -> list[str]:
        """Which of them are of one-file plugins though others are called so, too."""
        hiding = [part for part in self.parts if part.hides]
        return list({f"{p.component.kind} '{p.name}' is that of {p.component.file}, not {' or '.join(p.hides)}": 0 for p in hiding})

    @property
    def files(self) -> dict[str, Path]:
        """The one-file plugins that take part: name to file."""
        return {part.component.distribution: part.component.file for part in self.parts if part.component.file}

    @property
    def versions(self) -> dict[str, str]:
        """The distributions that take part, with their versions."""
        used = {part.component.distribution: part.component.version for part in self.parts}
        return dict(sorted((used | {"ganzoo-core": _core_version()}).items()))


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    written = {name: value.plain() if isinstance(value, ResolvedPart) else as_plain(value) for name, value in params.items()}
    plain: dict[str, Any] = to_jsonable_python(written)
    return plain


def _core_version() -> str:
    try:
        return importlib.metadata.version("ganzoo-core")
    except importlib.metadata.PackageNotFoundError:  # run from a folder that is not installed
        return "unknown"
