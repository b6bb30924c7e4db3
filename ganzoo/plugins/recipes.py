"""Recipes of plugins: ``ganzoo run ganzoo-tower:ring`` runs ``recipes/ring.yaml`` of the package ``ganzoo_tower``.

A recipe is a configuration file in the folder ``recipes`` of the package that a plugin's entry point names. It is found
without importing the package, so that listing recipes is as quick as listing components.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.errors import UserError, did_you_mean

from . import index

if TYPE_CHECKING:
    from ganzoo.registry import Plugin, Registry

FOLDER = "recipes"
"""Where in its package a plugin keeps its recipes."""
QUALIFIED = re.compile(r"(?P<distribution>[A-Za-z0-9][A-Za-z0-9._-]*):(?P<name>[\w-]+)")
"""How a recipe is named on the command line."""


@dataclass(frozen=True)
class Recipe:
    """One configuration file of an installed plugin."""

    distribution: str
    name: str
    path: Path

    @property
    def qualified(self) -> str:
        """``distribution:name``: what a command takes in place of a file."""
        return f"{self.distribution}:{self.name}"

    @property
    def about(self) -> str:
        """The first comment of the file: what is trained on what."""
        first = self.path.read_text(encoding="utf-8").partition("\n")[0]
        return first.removeprefix("#").strip() if first.startswith("#") else ""


def recipes_of(plugin: Plugin) -> list[Recipe]:
    """The recipes of a plugin, by name; the plugin itself may be broken."""
    package = re.split(r"[.:]", plugin.module)[0]
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        spec = None
    folders = (Path(place) / FOLDER for place in (spec and spec.submodule_search_locations) or ())
    found = (path for folder in folders for path in folder.glob("*.yaml") if path.is_file())
    return [Recipe(plugin.distribution, path.stem, path) for path in sorted(found)]


def recipes_among(plugins: Iterable[Plugin]) -> list[Recipe]:
    """All recipes of ``plugins``, in their order."""
    return [recipe for plugin in plugins for recipe in recipes_of(plugin)]


def find_recipe(text: str, look: Callable[[], Registry]) -> Recipe | None:
    """The recipe that ``text`` names; None where it reads as a path, or is the name of a file that exists.

    ``look`` is ``Registry.installed``, which is asked for where it reads as a recipe only.

    Raises:
        UserError: where it reads as a recipe and no installed plugin ships it: naming the distribution that does, if it is ours.
    """
    named = QUALIFIED.fullmatch(text)
    if not named or Path(text).exists():
        return None
    plugins = look().plugins
    recipes = recipes_among(plugins)
    for recipe in recipes:
        if recipe.qualified == text:
            return recipe
    own = [recipe.qualified for recipe in recipes if recipe.distribution == named["distribution"]]
    if own:
        raise UserError(f"{named['distribution']} ships no recipe '{named['name']}'", did_you_mean(text, own, noun="its recipes"))
    if missing := index.missing_recipe(text, {plugin.distribution for plugin in plugins}):
        raise missing
    shipping = {recipe.distribution for recipe in recipes}
    what = f"'{text}' is not a file, and no installed plugin called '{named['distribution']}' ships recipes"
    raise UserError(what, did_you_mean(named["distribution"], shipping, noun="plugins with recipes"))
