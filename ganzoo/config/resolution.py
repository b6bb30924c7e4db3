"""Resolution of a configuration: each part's class, and every parameter."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ganzoo.errors import UserError, did_you_mean
from ganzoo.params import kind_of, model_of
from ganzoo.params.curves import moves
from ganzoo.plugins import one_file
from ganzoo.registry import Component, Registry

from .earlier import without_decay
from .overrides import NOWHERE, Places
from .parts import Part
from .resolved import Resolved, ResolvedPart
from .settings import SECTIONS, RunConfig
from .strict_yaml import KeyPath
from .validation import validated

CURVED_KINDS = ("loss", "optimizer")
"""Kinds of components whose parameters may be curves."""
CODE = re.compile(r"(?P<file>[^\n]+\.py):(?P<name>[A-Za-z_]\w*)")
"""How a configuration names a class in a file."""


def resolve(config: RunConfig, registry: Registry) -> Resolved:
    """Look up every part, import its class, validate its parameters and fill in their defaults.

    Raises:
        UserError: at ``FILE:LINE``, with the key: a part that is not installed or cannot be imported, a parameter that
            does not exist or has a wrong value, a part that is listed twice with the same parameters.
    """

    def one(kind: str, part: Part, key: str) -> ResolvedPart:
        return resolve_part(config, registry, kind, part, (key,))

    def several(kind: str, parts: Sequence[Part], key: str) -> list[ResolvedPart]:
        found: list[ResolvedPart] = []
        for i, written in enumerate(parts):
            part = resolve_part(config, registry, kind, written, (key, i))
            for earlier in found:
                if (part.component, part.params, part.route) == (earlier.component, earlier.params, earlier.route):
                    raise config.refusal((key, i), f"repeats {earlier.key}", "remove one of the two, or change its parameters")
            found.append(part)
        return found

    observers, metrics = several("observer", config.observers, "observers"), several("metric", config.metrics, "metrics")
    check_best(config, metrics)
    named = {part.component for part in observers}
    return Resolved(
        data=one("dataset", config.data, "data"),
        generator=one("generator", config.generator, "generator"),
        critic=one("critic", config.critic, "critic"),
        losses=several("loss", config.loss, "loss"),
        schedule=one("schedule", config.schedule, "schedule"),
        metrics=metrics,
        observers=observers,
        optimizers=resolve_optimizers(config, registry),
        defaults=[component for component in registry.of_kind("observer") if component.default and component not in named],
    )


def resolve_part(config: RunConfig, registry: Registry, kind: str, part: Part, path: KeyPath) -> ResolvedPart:
    """Look up one part of ``kind``, written at ``path``; errors as in ``resolve``."""
    key, where = config.key(path), config.where(path)
    try:
        component = registry.find(kind, part.name) if not CODE.fullmatch(part.name) else find_in_file(registry, kind, part.name, where)
        model_of(component.load())
    except UserError as error:
        raise error.at(config.where((*path, "name")), key) from error
    params: Mapping[str, Any] = {name: value for name, value in part.params.items() if kind != "optimizer" or name != "groups"}
    try:
        params = without_decay(component.qualified, params, config.versions.get("ganzoo-core", ""))
    except UserError as error:
        raise config.refusal((*path, error.key), error.what, error.remedy) from error
    found = resolve_component(component, params, config.places, path, partial(resolve_part, config, registry))
    if kind not in CURVED_KINDS and (name := next((name for name, value in found.params.items() if moves(value)), "")):
        remedy = "write a number; parameters of losses and optimizers may be curves"
        raise config.refusal((*path, name), f"a {kind} takes no curves", remedy)
    hides = [c.qualified for c in registry.of_kind(kind) if c.name == part.name and c != component]
    return dataclasses.replace(found, key=key, where=where, every=part.every, route=part.route, hides=tuple(hides))


def resolve_component(
    component: Component,
    params: Mapping[str, Any],
    places: Places = NOWHERE,
    path: KeyPath = (),
    inner: Callable[[str, Part, KeyPath], ResolvedPart] | None = None,
) -> ResolvedPart:
    """A component with every parameter: ``params`` validated, defaults for the others; errors as in ``resolve``.

    ``inner`` looks up a component that is a parameter, by kind and path.
    """
    cls = component.load()
    model = model_of(cls)
    parameters = validated(model, params, places, path, noun="parameters")
    values = {name: getattr(parameters, name) for name in model.model_fields}
    for name, value in values.items():
        if inner and isinstance(value, Part):
            values[name] = inner(kind_of(model.model_fields[name]), value, (*path, name))
    return ResolvedPart(component, cls, values)


def find_in_file(registry: Registry, kind: str, text: str, where: str) -> Component:
    """The component of ``kind`` that ``text`` means, which is added to ``registry`` with all that its file gives.

    Args:
        registry: what is installed.
        kind: of component.
        text: the file, beside the configuration that says so or, on the command line, here; and the class.
        where: it is written, ``FILE:LINE``.

    Raises:
        UserError: where code may not run, or the file or a class of that kind in it is not there.
    """
    file, _, name = text.rpartition(":")
    said, _, line = where.rpartition(":")
    path = (Path(said).parent if line.isdigit() and not where.startswith("-o ") else Path()) / file
    if not one_file.choice().allow_code:
        remedy = f"read {path}, then add --allow-code; or give the file with --plugin and name the component alone"
        raise UserError(f"'{text}' is code, and a configuration alone runs none", remedy)
    if path.name not in {plugin.distribution for plugin in registry.plugins}:
        registry.add_file(path)
    plugin = next(plugin for plugin in registry.plugins if plugin.distribution == path.name)
    if plugin.version != one_file.version_of(content := one_file.read_code(path)):
        differs = one_file.difference(one_file.read_code(Path(plugin.module)), content)
        raise UserError(f"{path} is another file than {plugin.module}: {differs}", "use one of the two")
    if plugin.broken:
        raise UserError(f"{path} cannot be used: {plugin.broken}", "repair it")
    own = {c.target.__name__: c for c in registry.of_kind(kind) if c.distribution == plugin.distribution and isinstance(c.target, type)}
    if name not in own:
        raise UserError(f"{path} gives no {kind} '{name}'", did_you_mean(name, own, noun=f"of kind {kind}"))
    return own[name]


def check_best(config: RunConfig, metrics: Sequence[ResolvedPart]) -> None:
    """See that checkpoints are measured by the metric that chooses among them.

    Raises:
        UserError: where ``checkpoint.best.metric`` is not one metric of the run, ranks nothing, or is measured between checkpoints.
    """
    if config.checkpoint.best is None:
        return
    name, every = config.checkpoint.best.metric, config.checkpoint.every
    found = [part for part in metrics if part.name == name]
    if len(found) != 1:
        what = f"'{name}' is {'several' if found else 'none'} of the run's metrics"
        remedy = "list it once" if found else did_you_mean(name, [part.name for part in metrics], noun="metrics")
    elif not any(getattr(found[0].cls, "better", {}).values()):
        what, remedy = f"no number of '{name}' says which way is better", "name another metric"
    elif found[0].every is None or found[0].every % every:
        what = f"'{name}' is measured {'at the end only' if found[0].every is None else 'where there is no checkpoint'}"
        remedy = f"set its every to {every}, as checkpoint.every is, or to a multiple"
    else:
        return
    raise UserError(what, remedy, key="checkpoint.best.metric", where=config.where("checkpoint.best.metric"))


def resolve_optimizers(config: RunConfig, registry: Registry) -> dict[str, ResolvedPart]:
    """Each player's optimizer with every parameter; errors as in ``resolve``."""
    return {player: _resolve_optimizer(config, registry, player) for player in ("generator", "critic")}


def _resolve_optimizer(config: RunConfig, registry: Registry, player: str) -> ResolvedPart:
    """An optimizer, and the parameters that it has of its own for sub-modules: those that are written there."""
    path, part = ("optimizer", player), getattr(config.optimizer, player)
    found = resolve_part(config, registry, "optimizer", part, path)
    common, written = {name: value for name, value in part.params.items() if name != "groups"}, part.params.get("groups", {})
    if not isinstance(written, Mapping) or not all(isinstance(own, Mapping) for own in written.values()):
        raise config.refusal((*path, "groups"), "expects a mapping of mappings", "write {SUB-MODULE: {lr: NUMBER}}")
    groups = {}
    for module, own in written.items():
        read = resolve_component(found.component, common | own, config.places, (*path, "groups", module))
        groups[module] = {name: read.params[name] for name in own}
    found = dataclasses.replace(found, groups=groups)
    try:
        found.build([])
    except UserError as error:  # parameters that do not go together
        raise config.refusal((*path, error.key) if error.key else path, error.what, error.remedy) from None
    except Exception:  # that there is nothing to step; whatever else it is, its building for the networks says
        return found
    return found


def resolved_values(config: RunConfig, resolved: Resolved) -> dict[str, Any]:
    """The resolved configuration as plain values: qualified names, every parameter, the versions; as YAML, it resolves to the same."""
    return {
        "data": resolved.data.plain(),
        "generator": resolved.generator.plain(),
        "critic": resolved.critic.plain(),
        "loss": [part.plain() for part in resolved.losses],
        "schedule": resolved.schedule.plain(),
        **{name: getattr(config, name).model_dump(mode="json") for name in SECTIONS},
        "optimizer": {player: part.plain() for player, part in resolved.optimizers.items()},
        "metrics": [part.plain(every=part.every) for part in resolved.metrics],
        "observers": [part.plain() for part in resolved.observers],
        "init": dict(config.init),
        "versions": resolved.versions,
    }
