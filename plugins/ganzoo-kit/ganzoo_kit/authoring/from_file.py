"""A plugin of one file, read so that a project can be made of it."""

from __future__ import annotations

import ast
import importlib.metadata
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.errors import UserError
from ganzoo.hookspecs import DEFAULT_OBSERVERS, hook_of
from ganzoo.plugins import one_file
from ganzoo.registry import Component, Registry

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
