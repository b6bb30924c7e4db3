"""From names to classes: looks up every part of a configuration and fills in every parameter."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from ganzoo.curves import Curve, as_plain, at, build_with_curves, moves
from ganzoo.errors import UserError
from ganzoo.one_file import CODE
from ganzoo.params import model_of
from ganzoo.registry import Component, Registry

from .best import check_best
from .overrides import NOWHERE, Places
from .parts import LossEntry, MetricPart, Part
from .retired import without_retired
from .settings import SECTIONS, RunConfig
from .strict_yaml import KeyPath
from .validation import validated
from .yaml_writer import dump

CURVED_KINDS = ("loss", "optimizer")
"""Kinds of components whose parameters may be curves."""


@dataclass(frozen=True)
class ResolvedPart:
    """A part that was found, with every parameter.

    Args:
        component: what is installed under its name.
        cls: its class.
        params: every parameter with its value, in the types that the constructor is annotated with.
        key: its key in the configuration (``loss.1``).
        where: ``FILE:LINE`` of that key.
        every: a metric's steps between two evaluations; None: once, at the end of the run.
        route: the players' route that a loss acts along; "": their ``forward``.
        groups: of an optimizer: a sub-module of its network to the parameters that differ there.
    """

    component: Component
    cls: type
    params: dict[str, Any]
    key: str = ""
    where: str = ""
    every: int | None = None
    route: str = ""
    groups: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)

    @property
    def name(self) -> str:
        """The component's name, without its distribution."""
        return self.component.name

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
        """All of them."""
        single = [self.data, self.generator, self.critic, self.schedule]
        return [*single, *self.losses, *self.metrics, *self.observers, *self.optimizers.values()]

    @property
    def files(self) -> dict[str, Path]:
        """The one-file plugins that take part: name to file."""
        return {part.component.distribution: part.component.file for part in self.parts if part.component.file}

    @property
    def versions(self) -> dict[str, str]:
        """The distributions that take part, with their versions."""
        used = {part.component.distribution: part.component.version for part in self.parts}
        return dict(sorted((used | {"ganzoo-core": _core_version()}).items()))


def resolve(config: RunConfig, registry: Registry) -> Resolved:
    """Look up every part, import its class, validate its parameters and fill in their defaults.

    Raises:
        UserError: at ``FILE:LINE``, with the key: a part that is not installed or cannot be imported, a parameter that
            does not exist or has a wrong value, a part that is listed twice with the same parameters.
    """

    def find(kind: str, part: Part, *path: str | int) -> ResolvedPart:
        return resolve_part(config, registry, kind, part, path)

    observers = _distinct(config, [find("observer", part, "observers", i) for i, part in enumerate(config.observers)])
    metrics = _distinct(config, [find("metric", part, "metrics", i) for i, part in enumerate(config.metrics)])
    check_best(config, metrics)
    named = {part.component for part in observers}
    return Resolved(
        data=find("dataset", config.data, "data"),
        generator=find("generator", config.generator, "generator"),
        critic=find("critic", config.critic, "critic"),
        losses=_distinct(config, [find("loss", part, "loss", i) for i, part in enumerate(config.loss)]),
        schedule=find("schedule", config.schedule, "schedule"),
        metrics=metrics,
        observers=observers,
        optimizers=resolve_optimizers(config, registry),
        defaults=[component for component in registry.of_kind("observer") if component.default and component not in named],
    )


def resolve_part(config: RunConfig, registry: Registry, kind: str, part: Part, path: KeyPath) -> ResolvedPart:
    """Look up one part of ``kind``, written at ``path``; errors as in ``resolve``."""
    key, where = config.key(path), config.where(path)
    try:
        component = registry.find(kind, part.name) if not CODE.fullmatch(part.name) else registry.find_in_file(kind, part.name, where)
        model_of(component.load())
    except UserError as error:
        named = (*path, "name")
        raise error.at(config.where(named), key) from error
    params: Mapping[str, Any] = {name: value for name, value in part.params.items() if kind != "optimizer" or name != "groups"}
    try:
        params = without_retired(component.qualified, params, config.versions.get("ganzoo-core", ""))
    except UserError as error:
        culprit = (*path, error.key)
        raise UserError(error.what, error.remedy, key=config.key(culprit), where=config.where(culprit)) from error
    found = resolve_component(component, params, config.places, path)
    if kind not in CURVED_KINDS and (name := next((name for name, value in found.params.items() if moves(value)), "")):
        remedy = "write a number; parameters of losses and optimizers may be curves"
        raise UserError(f"a {kind} takes no curves", remedy, key=config.key((*path, name)), where=config.where((*path, name)))
    every = part.every if isinstance(part, MetricPart) else None
    return dataclasses.replace(found, key=key, where=where, every=every, route=part.route if isinstance(part, LossEntry) else "")


def resolve_component(component: Component, params: Mapping[str, Any], places: Places = NOWHERE, path: KeyPath = ()) -> ResolvedPart:
    """A component with every parameter: ``params`` validated, defaults for the others; errors as in ``resolve``."""
    cls = component.load()
    model = model_of(cls)
    parameters = validated(model, params, places, path, noun="parameters")
    return ResolvedPart(component, cls, {name: getattr(parameters, name) for name in model.model_fields})


def resolve_optimizers(config: RunConfig, registry: Registry) -> dict[str, ResolvedPart]:
    """Each player's optimizer with every parameter; errors as in ``resolve``."""
    return {player: _resolve_optimizer(config, registry, player) for player in ("generator", "critic")}


def _resolve_optimizer(config: RunConfig, registry: Registry, player: str) -> ResolvedPart:
    path = ("optimizer", player)
    part: Part = getattr(config.optimizer, player)
    found = resolve_part(config, registry, "optimizer", part, path)
    found = dataclasses.replace(found, groups=_groups(config, part, found, path))
    try:
        found.build([])
    except UserError as error:  # parameters that do not go together
        culprit = (*path, error.key) if error.key else path
        raise UserError(error.what, error.remedy, key=config.key(culprit), where=config.where(culprit)) from None
    except Exception:  # that there is nothing to step; whatever else it is, its building for the networks says
        return found
    return found


def _groups(config: RunConfig, part: Part, found: ResolvedPart, path: KeyPath) -> dict[str, dict[str, Any]]:
    """The parameters that an optimizer has of its own for sub-modules: those that are written there, validated as the others are."""
    written = part.params.get("groups", {})
    if not isinstance(written, Mapping) or not all(isinstance(own, Mapping) for own in written.values()):
        remedy = "write {SUB-MODULE: {lr: NUMBER}}"
        raise UserError("expects a mapping of mappings", remedy, key=config.key((*path, "groups")), where=config.where((*path, "groups")))
    common = _plain(found.params)
    groups = {}
    for module, own in written.items():
        read = resolve_component(found.component, common | own, config.places, (*path, "groups", module))
        groups[module] = {name: read.params[name] for name in own}
    return groups


def _distinct(config: RunConfig, parts: list[ResolvedPart]) -> list[ResolvedPart]:
    for i, part in enumerate(parts):
        for earlier in parts[:i]:
            if (part.component, part.params, part.route) == (earlier.component, earlier.params, earlier.route):
                raise UserError(f"repeats {earlier.key}", "remove one of the two, or change its parameters", key=part.key, where=part.where)
    return parts


def resolved_values(config: RunConfig, resolved: Resolved) -> dict[str, Any]:
    """The resolved configuration as plain values: qualified names, every parameter, the versions that take part."""
    sections = {name: getattr(config, name).model_dump(mode="json") for name in SECTIONS}
    sections["optimizer"] = {
        player: _mapping(part) | ({"groups": {module: _plain(own) for module, own in part.groups.items()}} if part.groups else {})
        for player, part in resolved.optimizers.items()
    }
    return {
        "data": _mapping(resolved.data),
        "generator": _mapping(resolved.generator),
        "critic": _mapping(resolved.critic),
        "loss": [_mapping(part, **({"route": part.route} if part.route else {})) for part in resolved.losses],
        "schedule": _mapping(resolved.schedule),
        **sections,
        "metrics": [_mapping(part, every=part.every) for part in resolved.metrics],
        "observers": [_mapping(part) for part in resolved.observers],
        "init": dict(config.init),
        "versions": resolved.versions,
    }


def resolved_yaml(config: RunConfig, resolved: Resolved) -> str:
    """The resolved configuration as YAML: loading it again resolves to the same."""
    return dump(resolved_values(config, resolved))


def _mapping(part: ResolvedPart, **more: Any) -> dict[str, Any]:
    return {"name": part.component.qualified} | more | _plain(part.params)


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = to_jsonable_python(params, fallback=as_plain)
    return plain


def _core_version() -> str:
    try:
        return importlib.metadata.version("ganzoo-core")
    except importlib.metadata.PackageNotFoundError:  # run from a folder that is not installed
        return "unknown"
