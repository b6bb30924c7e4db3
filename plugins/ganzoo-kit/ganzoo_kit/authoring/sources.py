"""Starting points of a new project: an installed recipe, with the new component in its place; or a plugin of one file."""

from __future__ import annotations

import ast
import importlib.metadata
import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.config import load_config, strict_yaml
from ganzoo.config.yaml_writer import dump
from ganzoo.errors import UserError
from ganzoo.hookspecs import DEFAULT_OBSERVERS, hook_of
from ganzoo.plugins import one_file
from ganzoo.plugins.recipes import find_recipe, recipes_among
from ganzoo.registry import Component, Registry

from .names import Names, compatible_range

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
        recipe = next((r for r in recipes_among(registry.plugins) if _data_of(r.path) == TOY), None)
        if recipe is None:
            remedy = "install a plugin that ships one ('ganzoo plugins' lists them), or name a configuration with --like"
            raise UserError(f"no installed plugin ships a recipe on '{TOY}' to start from", remedy, key="--like")
    else:
        recipe = find_recipe(like, lambda: registry)
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


LENT = {"ganzoo", "torch"}
"""Modules whose distributions every project requires anyway."""


@dataclass(frozen=True)
class FilePlugin:
    """What a file gives.

    Args:
        parts: hook, name and attribute of the file, of each component.
        kind: the first component's.
        about: its docstring.
        needs: distributions that the file imports, besides torch and ganzoo-core.
    """

    parts: tuple[tuple[str, str, str], ...]
    kind: str
    about: str
    needs: tuple[str, ...]

    def words(self, module: str) -> dict[str, Any]:
        """For the templates: ``given`` maps each hook to what it gives, from ``module``."""
        hooks = dict.fromkeys(hook for hook, _, _ in self.parts)
        given = {hook: {name: f"{module}:{attribute}" for h, name, attribute in self.parts if h == hook} for hook in hooks}
        return {"given": given, "about": self.about, "needs": self.needs}


def read_file(path: Path) -> FilePlugin:
    """What the file gives; its code is run.

    Raises:
        UserError: where it cannot be used.
    """
    registry = Registry([])
    registry.add_file(path)
    plugin = registry.plugins[0]
    if plugin.broken:
        raise UserError(f"the plugin {path} cannot be used: {plugin.broken}", "repair it", key="--from")
    found = [*registry.components, *registry.commands]
    content = one_file.read_code(path)
    module = one_file.module_of(path, content)
    parts = tuple((DEFAULT_OBSERVERS if c.default else hook_of(c.kind), c.name, _attribute(c, vars(module))) for c in found)
    about = inspect.getdoc(found[0].load()) or f"What {path.name} gives."
    return FilePlugin(parts, found[0].kind, about.partition("\nArgs:")[0].strip(), tuple(_needs(content)))


def _attribute(component: Component, names: dict[str, Any]) -> str:
    """What the file calls a component's class or function."""
    itself = component.load()
    for name, value in names.items():
        if value is itself and not name.startswith("__"):
            return name
    raise UserError(f"{component.kind} '{component.name}' has no name in the file", "give it one", key="--from")


def _needs(content: bytes) -> Iterator[str]:
    """The distributions whose modules the file imports."""
    modules = set()
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules.add(node.module.partition(".")[0])
    owners = importlib.metadata.packages_distributions()
    for module in sorted(modules - LENT - set(sys.stdlib_module_names)):
        yield from owners.get(module, [])[:1]
