"""Which of our distributions gives which component, command, feature extractor and recipe: what ``ganzoo/plugins/index.json`` says."""

from __future__ import annotations

import json
from typing import Any

from ganzoo.config import load_config, resolve
from ganzoo.hookspecs import GIVEN
from ganzoo.plugins.recipes import recipes_of
from ganzoo.registry import Registry

from .components import CORE, own_components, projects


def index() -> str:
    """The index as JSON; the core's own are always there, and not in it.

    Raises:
        ValueError: where two distributions give the same.
    """
    registry = Registry.installed()
    given: dict[str, str] = {}
    for component in own_components(GIVEN):
        if component.distribution != CORE:
            _add(given, f"{component.kind}/{component.name}", component.distribution)
            extractors: dict[str, Any] = getattr(component.load(), "extractors", {}) if component.kind == "metric" else {}
            for name in extractors:
                _add(given, f"extractor/{name}", component.distribution)
    recipes = {}
    for plugin in registry.plugins:
        for recipe in recipes_of(plugin) if plugin.distribution in projects() else ():
            used = resolve(load_config(recipe.path), registry).versions.keys() - {CORE, plugin.distribution}
            recipes[recipe.qualified] = [plugin.distribution, *sorted(used)]
    return json.dumps({"components": given, "recipes": recipes}, indent=1, sort_keys=True) + "\n"


def _add(given: dict[str, str], key: str, distribution: str) -> None:
    if given.setdefault(key, distribution) != distribution:
        raise ValueError(f"{key} is given by {given[key]} and {distribution}")
