"""From a YAML file and overrides to a validated configuration. All of a run's settings come in here."""

from __future__ import annotations

import dataclasses
import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ganzoo.errors import UserError, did_you_mean
from ganzoo.params import parameters_of
from ganzoo.recipes import located
from ganzoo.registry import Registry

from .overrides import Places, apply, parse_override
from .resolution import ResolvedPart, resolve_part
from .settings import RunConfig
from .strict_yaml import Document, parse, read
from .validation import validated
from .wording import describe

RECIPES = "zoo_configs"
"""The folder of this repository's recipes."""


def load_config(path: str | os.PathLike[str], overrides: Sequence[str] = ()) -> RunConfig:
    """Read a configuration: a recipe, or the config.yaml of an earlier run.

    Args:
        path: the file, or a recipe that an installed plugin ships: ``ganzoo-tower:ring``.
        overrides: ``KEY.PATH=VALUE`` each, applied in order; the value is YAML, an integer segment is a list's index.

    Raises:
        UserError: where the file cannot be read, or at ``FILE:LINE`` (``-o TEXT``) for the first thing wrong in it.
    """
    path = located(path)
    check_is_file(path)
    return _validate(read(path), overrides)


def parse_config(text: str, overrides: Sequence[str] = (), *, source: str = "config") -> RunConfig:
    """As ``load_config``, of a text; errors stand at ``SOURCE:LINE``."""
    return _validate(parse(text, source), overrides)


def resolve_dataset(text: str, registry: Registry) -> ResolvedPart:
    """A data set by itself, as YAML: ``digits``, or ``{name: celeba, root: data/celeba}``.

    Raises:
        UserError: as ``load_config`` and ``resolve`` do.
    """
    config = parse_config("{generator: unused, critic: unused, loss: unused}", [f"data={text}"])
    return resolve_part(config, registry, "dataset", config.data, ("data",))


def resolve_metrics(texts: Sequence[str], parameters: Sequence[str], registry: Registry) -> list[ResolvedPart]:
    """Metrics by themselves, each as YAML: ``NAME``, or ``{name: NAME, samples: 5000}``.

    Args:
        texts: one for each metric.
        parameters: ``KEY=VALUE`` each, for every one of the metrics that has such a parameter.
        registry: what is installed.

    Raises:
        UserError: as ``load_config`` and ``resolve`` do, and for a parameter that none of the metrics has.
    """
    found = [_resolve_metric(text, parameters, registry) for text in texts]
    known = {name for part in found for name in part.params}
    for text in parameters:
        name = str(parse_override(text).path[0])
        if name not in known:
            raise UserError("there is no such parameter", did_you_mean(name, known, noun="parameters"), key=name, where=f"-o {text}")
    return found


def _resolve_metric(text: str, parameters: Sequence[str], registry: Registry) -> ResolvedPart:
    stem, base = "metrics.0", "{data: unused, generator: unused, critic: unused, loss: unused}"
    named = f"metrics=[{text}]"
    try:
        metrics = parse_config(base, [named]).metrics
        if len(metrics) != 1 or metrics[0].every is not None:
            raise UserError("this is not one metric with its parameters", "name one at a time, without 'every'")
        known = {parameter.name for parameter in parameters_of(registry.find("metric", metrics[0].name).load())}
        own = [f"{stem}.{parameter}" for parameter in parameters if parse_override(parameter).path[0] in known]
        config = parse_config(base, [named, *own])
        part = resolve_part(config, registry, "metric", config.metrics[0], ("metrics", 0))
    except UserError as error:  # in the words of the command line, which knows no list of metrics
        where = error.where.replace(f"-o {stem}.", "-o ").replace(f"-o {named}", "") or f"--metric {text}"
        raise UserError(error.what, error.remedy, key=error.key.removeprefix(stem).removeprefix("."), where=where) from error
    return dataclasses.replace(part, key="", where=f"--metric {text}")


def resolve_observers(texts: Sequence[str], registry: Registry) -> list[ResolvedPart]:
    """Observers by themselves, each as YAML: ``NAME``, or ``{name: NAME, folder: events}``.

    Raises:
        UserError: as ``load_config`` and ``resolve`` do.
    """
    return [_resolve_observer(text, registry) for text in texts]


def _resolve_observer(text: str, registry: Registry) -> ResolvedPart:
    stem, where = "observers.0", f"--to {text}"
    try:
        config = parse_config("{data: unused, generator: unused, critic: unused, loss: unused}", [f"observers=[{text}]"])
        if len(config.observers) != 1:
            raise UserError("this is not one observer with its parameters", "name one at a time")
        part = resolve_part(config, registry, "observer", config.observers[0], ("observers", 0))
    except UserError as error:  # in the words of the command line, which knows no list of observers
        raise UserError(error.what, error.remedy, key=error.key.removeprefix(stem).removeprefix("."), where=where) from error
    return dataclasses.replace(part, key="", where=where)


def check_is_file(path: Path) -> None:
    """Refuse what is no file.

    Raises:
        UserError: naming the nearest file that there is.
    """
    try:
        if path.is_file():
            return
        if path.is_dir():
            inside = path / "config.yaml"
            names = [inside.name] if inside.is_file() else sorted(entry.name for entry in path.glob("*.yaml"))
            remedy = f"name a file in it: {', '.join(names)}" if names else "name a YAML file"
            raise UserError("this is a folder", remedy, where=str(path))
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise UserError("there is no such file", _nearest(path), where=str(path)) from None
    except (OSError, ValueError) as error:  # a name that is too long, or holds NUL
        raise UserError(f"the file cannot be read: {error}", "check its name and permissions", where=str(path)) from None


def _nearest(path: Path) -> str:
    """What may have been meant by a file that does not exist: one beside it, or a recipe of the folder ``zoo_configs``."""
    beside = [entry.name for entry in path.parent.glob("*.yaml")]
    if not difflib.get_close_matches(path.stem, [name.removesuffix(".yaml") for name in beside]):
        recipes = {entry.stem: entry for entry in Path(RECIPES).glob("*.yaml")}
        if close := difflib.get_close_matches(path.stem, recipes, n=1):
            return f"did you mean '{recipes[close[0]]}'?"
    return did_you_mean(path.name, beside, noun="here") if beside else "check the path"


def _validate(document: Document, texts: Sequence[str]) -> RunConfig:
    if document.value is None:
        raise UserError("the file is empty", "a run needs data, generator, critic and loss", where=f"{document.source}:1")
    if not isinstance(document.value, dict):
        where = f"{document.source}:{document.line(())}"
        raise UserError(
            f"expects a mapping of keys, found {describe(document.value)}",
            "write 'key: value' lines, with a space after the colon",
            where=where,
        )
    tree: dict[str, Any] = document.value
    overrides = [parse_override(text) for text in texts]
    for override in overrides:
        apply(tree, override)
    one_loss = isinstance(tree.get("loss"), str | dict)
    if one_loss:
        tree["loss"] = [tree["loss"]]
    places = Places(document, overrides, one_loss)
    return validated(RunConfig, tree, places).written_at(places)
