"""From names to classes: looks up every part of a configuration and fills in every parameter."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from ganzoo import index
from ganzoo.errors import UserError
from ganzoo.one_file import CODE
from ganzoo.params import model_of
from ganzoo.registry import Component, Registry

from .overrides import NOWHERE, Places
from .settings import SECTIONS, MetricPart, Part, RunConfig
from .strict_yaml import KeyPath
from .validation import validated
from .yaml_writer import dump, flow

MOVED_KINDS = {"data": "dataset", "metrics": "metric"}
"""Keys of a configuration whose components may have moved to another distribution since it was recorded."""


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
    """

    component: Component
    cls: type
    params: dict[str, Any]
    key: str = ""
    where: str = ""
    every: int | None = None

    @property
    def name(self) -> str:
        """The component's name, without its distribution."""
        return self.component.name

    def build(self, *args: Any) -> Any:
        """Make the component: ``cls(*args, **params)``.

        Raises:
            UserError: what the constructor refuses, at the place of this part.
        """
        try:
            return self.cls(*args, **self.params)
        except UserError as error:
            raise error.at(self.where, self.key) from error


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
    named = {part.component for part in observers}
    return Resolved(
        data=find("dataset", config.data, "data"),
        generator=find("generator", config.generator, "generator"),
        critic=find("critic", config.critic, "critic"),
        losses=_distinct(config, [find("loss", part, "loss", i) for i, part in enumerate(config.loss)]),
        schedule=find("schedule", config.schedule, "schedule"),
        metrics=_distinct(config, [find("metric", part, "metrics", i) for i, part in enumerate(config.metrics)]),
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
    found = resolve_component(component, part.params, config.places, path)
    return dataclasses.replace(found, key=key, where=where, every=part.every if isinstance(part, MetricPart) else None)


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
    found = resolve_part(config, registry, "optimizer", getattr(config.optimizer, player), path)
    try:
        found.cls([], **found.params)
    except UserError as error:  # parameters that do not go together
        culprit = (*path, error.key) if error.key else path
        raise UserError(error.what, error.remedy, key=config.key(culprit), where=config.where(culprit)) from None
    except Exception:  # that there is nothing to step; whatever else it is, its building for the networks says
        return found
    return found


def _distinct(config: RunConfig, parts: list[ResolvedPart]) -> list[ResolvedPart]:
    for i, part in enumerate(parts):
        for earlier in parts[:i]:
            if (part.component, part.params) == (earlier.component, earlier.params):
                raise UserError(f"repeats {earlier.key}", "remove one of the two, or change its parameters", key=part.key, where=part.where)
    return parts


def resolved_values(config: RunConfig, resolved: Resolved) -> dict[str, Any]:
    """The resolved configuration as plain values: qualified names, every parameter, the versions that take part."""
    sections = {name: getattr(config, name).model_dump(mode="json") for name in SECTIONS}
    sections["optimizer"] = {player: _mapping(part) for player, part in resolved.optimizers.items()}
    return {
        "data": _mapping(resolved.data),
        "generator": _mapping(resolved.generator),
        "critic": _mapping(resolved.critic),
        "loss": [_mapping(part) for part in resolved.losses],
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


def differences(a: Mapping[str, Any], b: Mapping[str, Any], *, ignoring: Collection[str] = ("versions",)) -> list[str]:
    """What differs between two resolved configurations: ``train.steps: 1000, now 2000``.

    Args:
        a: what ``resolved_values`` gave, before.
        b: what it gives now.
        ignoring: dotted keys to leave out, with everything under them.
    """
    before, now = dict(_leaves(_with_current_names(a))), dict(_leaves(b))
    found = []
    for key in {"optimizer.generator.name", "optimizer.critic.name"} & before.keys():  # earlier runs name the core's alone
        before[key] = before[key] if "/" in before[key] else f"ganzoo-core/{before[key]}"
    for key in [*before, *(key for key in now if key not in before)]:
        left, right = before.get(key, "(absent)"), now.get(key, "(absent)")
        if {left, right} == {"(absent)", "null"}:  # a key that one of two versions does not have, and that was never set
            continue
        if left != right and not any(key == known or key.startswith(f"{known}.") for known in ignoring):
            found.append(f"{key}: {left}, now {right}")
    return found


def _with_current_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """A recorded configuration with its components called as they are today."""

    def part(kind: str, value: Any) -> Any:
        if isinstance(value, list):
            return [part(kind, item) for item in value]
        named = isinstance(value, Mapping) and isinstance(value.get("name"), str)
        return {**value, "name": index.current_name(kind, value["name"])} if named else value

    return {key: part(MOVED_KINDS[key], value) if key in MOVED_KINDS else value for key, value in values.items()}


def _leaves(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    inner: Sequence[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        inner = list(value.items())
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        inner = list(enumerate(value))
    for key, item in inner:
        yield from _leaves(item, f"{prefix}.{key}" if prefix else str(key))
    if not inner:
        yield prefix, flow(value)


def _mapping(part: ResolvedPart, **more: Any) -> dict[str, Any]:
    return {"name": part.component.qualified} | more | _plain(part.params)


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    return dict(to_jsonable_python(params))


def _core_version() -> str:
    try:
        return importlib.metadata.version("ganzoo-core")
    except importlib.metadata.PackageNotFoundError:  # run from a folder that is not installed
        return "unknown"
