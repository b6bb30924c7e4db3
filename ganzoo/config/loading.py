"""Loading of a configuration: from a YAML file and overrides to a validated ``RunConfig``."""

from __future__ import annotations

import dataclasses
import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ganzoo.errors import UserError, did_you_mean
from ganzoo.params import parameters_of
from ganzoo.plugins.recipes import find_recipe
from ganzoo.registry import Registry

from .earlier import drop_unset
from .overrides import Places, apply, parse_override
from .parts import Kind
from .resolution import resolve_component
from .resolved import ResolvedPart
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
    recipe = find_recipe(os.fspath(path), Registry.installed)
    path = recipe.path if recipe else Path(path)
    check_is_file(path)
    return _validate(read(path), overrides)


def parse_config(text: str, overrides: Sequence[str] = (), *, source: str = "config") -> RunConfig:
    """As ``load_config``, of a text; errors stand at ``SOURCE:LINE``."""
    return _validate(parse(text, source), overrides)


def resolve_alone(kind: str, text: str, registry: Registry, where: str, parameters: Sequence[str] = (), key: str = "") -> ResolvedPart:
    """A part by itself, as the command line names it.

    Args:
        kind: of component.
        text: its YAML: ``NAME``, or ``{name: NAME, samples: 5000}``.
        registry: what is installed.
        where: what errors call it: ``--metric fid``.
        parameters: ``KEY=VALUE`` each; those that it does not have are left out.
        key: of a configuration, that errors name.

    Raises:
        UserError: as ``resolve`` does.
    """
    try:
        value = parse(text, where).value
        tree = {"name": value} if isinstance(value, str) else value
        if not isinstance(tree, dict) or not isinstance(tree.get("name"), str):
            raise UserError(f"expects {Kind(kind).words}, found {describe(value)}", f"name one at a time; {Kind(kind).remedy}")
        if kind == "metric" and "every" in tree:
            raise UserError("a metric that is asked for by itself is computed once", "name one at a time, without 'every'")
        if "," in tree["name"]:
            raise UserError(f"this is not one {kind} with its parameters", "name one at a time")
        component = registry.find(kind, tree.pop("name"))
        known = {parameter.name for parameter in parameters_of(component.load())}
        overrides = [override for override in map(parse_override, parameters) if override.path[0] in known]
        for override in overrides:
            apply(tree, override)
        part = resolve_component(component, tree, Places(Document(None, ""), overrides))
    except UserError as error:
        inner = ".".join(filter(None, [key, error.key.removeprefix(key).lstrip(".")]))
        said = error.where if error.where.startswith("-o ") else where
        raise UserError(error.what, error.remedy, key=inner, where=said) from error
    return dataclasses.replace(part, key=key, where=where)


def check_is_file(path: Path) -> None:
    """Refuse what is not a file.

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
    drop_unset(tree)
    one_loss = isinstance(tree.get("loss"), str | dict)
    if one_loss:
        tree["loss"] = [tree["loss"]]
    places = Places(document, overrides, one_loss)
    return validated(RunConfig, tree, places).written_at(places)
