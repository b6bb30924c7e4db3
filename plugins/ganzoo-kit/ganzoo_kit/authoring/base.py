"""The recipe that a new plugin's own starts from: an installed one, with the new component in its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.config import load_config, strict_yaml
from ganzoo.config.yaml_writer import dump
from ganzoo.errors import UserError
from ganzoo.recipes import find_recipe, installed_recipes
from ganzoo.registry import Registry

from .names import Names
from .versions import compatible_range

KEYS = {"generator": "generator", "critic": "critic", "loss": "loss", "schedule": "schedule", "dataset": "data"}
"""Kind -> the key of a configuration that holds one of it. Metrics and observers are lists."""
TOY = "ring"
"""The data set of the core that needs no file and trains in a minute."""


@dataclass(frozen=True)
class Base:
    """A configuration to start from.

    Args:
        name: what it is called: the recipe's name, or the file's.
        source: where it comes from, for the header.
        tree: its plain values.
        parts: (kind, component name) of all that it names.
        registry: what is installed.
    """

    name: str
    source: str
    tree: Mapping[str, Any]
    parts: tuple[tuple[str, str], ...]
    registry: Registry

    def recipe(self, names: Names) -> str:
        """The new plugin's recipe: this one with the new component in it."""
        head = f"# {names.cls}, {names.a_kind}, in a small training.\n# Source: {self.source}, with `{names.name}` in it.\n"
        return f"{head}# Departures from any paper: name them here.\n{dump({**self.tree, **self._changed(names)})}"

    def usage(self, names: Names) -> str:
        """The key that names the new component, as YAML."""
        return dump(self._changed(names)).strip()

    def requirements(self, kind: str) -> list[str]:
        """The other distributions that the recipe needs, with their ranges."""
        used = {self.registry.find(each, name) for each, name in self.parts if each != kind}
        return sorted(f"{c.distribution}{compatible_range(c.version)}" for c in _one_each(used) if c.distribution != "ganzoo-core")

    def _changed(self, names: Names) -> dict[str, Any]:
        if names.kind == "optimizer":
            return {"optimizer": {"generator": names.name, "critic": names.name}}
        if names.kind in KEYS:
            return {KEYS[names.kind]: names.name}
        return {f"{names.kind}s": [names.name]}


def base_recipe(like: str | None, registry: Registry) -> Base:
    """The configuration that ``like`` names; None: the first installed recipe on the toy data.

    Raises:
        UserError: where there is none, it is wrong, or it names a component that is not installed.
    """
    if like is None:
        recipe = next((r for r in installed_recipes() if _data_of(r.path) == TOY), None)
        if recipe is None:
            remedy = "install a plugin that ships one ('ganzoo plugins' lists them), or name a configuration with --like"
            raise UserError(f"no installed plugin ships a recipe on '{TOY}' to start from", remedy, key="--like")
    else:
        recipe = find_recipe(like)
    path = recipe.path if recipe else Path(str(like))
    config = load_config(path)
    parts = [("dataset", config.data.name), ("generator", config.generator.name), ("critic", config.critic.name)]
    parts += [("loss", part.name) for part in config.loss] + [("schedule", config.schedule.name)]
    parts += [("metric", part.name) for part in config.metrics] + [("observer", part.name) for part in config.observers]
    for kind, name in parts:
        registry.find(kind, name)
    tree = strict_yaml.read(path).value
    return Base(path.stem, recipe.qualified if recipe else path.name, tree, tuple(parts), registry)


def _data_of(path: Path) -> str:
    """The name of the data set of a configuration; "" where it cannot be read."""
    try:
        return load_config(path).data.name
    except UserError:
        return ""


def _one_each(components: Any) -> list[Any]:
    """One component of each distribution."""
    return list({component.distribution: component for component in components}.values())
