"""Names that a new plugin may have, and everything that is called after it; versions, as package indexes compare them."""

from __future__ import annotations

import importlib.metadata
import keyword
import re
from dataclasses import dataclass

from packaging.version import Version

import ganzoo
from ganzoo.errors import UserError
from ganzoo.hookspecs import hook_of
from ganzoo.registry import Registry

PATTERN = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
LONGEST = 40
RESERVED = {"core", "recipes"}
"""``ganzoo-core`` is the core itself; ``recipes`` is the folder beside the component's module."""


@dataclass(frozen=True)
class Names:
    """One name in every form that a project needs: ``two-towers`` gives ganzoo-two-towers, two_towers and TwoTowers.

    Args:
        stem: words joined by hyphens.
        kind: the component's kind.
    """

    stem: str
    kind: str

    @property
    def distribution(self) -> str:
        """What is installed: ``ganzoo-two-towers``."""
        return f"ganzoo-{self.stem}"

    @property
    def module(self) -> str:
        """The package: ``ganzoo_two_towers``."""
        return f"ganzoo_{self.name}"

    @property
    def name(self) -> str:
        """The component, as configurations name it: ``two_towers``."""
        return self.stem.replace("-", "_")

    @property
    def command(self) -> str:
        """The command, as the shell calls it: ``two-towers``."""
        return self.stem

    @property
    def cls(self) -> str:
        """The class: ``TwoTowers``."""
        return "".join(word.capitalize() for word in self.stem.split("-"))

    @property
    def hook(self) -> str:
        """The hook that gives a component of this kind."""
        return hook_of(self.kind)

    @property
    def a_kind(self) -> str:
        """The kind in a sentence: ``an observer``."""
        word = "data set" if self.kind == "dataset" else self.kind
        return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def names_of(text: str, kind: str, registry: Registry) -> Names:
    """``text`` as a plugin's names; a leading ``ganzoo-`` is the prefix that they get anyway.

    Raises:
        UserError: for what is not a name, is reserved, or belongs to something that is installed.
    """
    stem = re.sub(r"^ganzoo[-_]", "", text).replace("_", "-")
    if not PATTERN.fullmatch(stem) or len(stem) > LONGEST:
        suggestion = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-0123456789")[:LONGEST].strip("-")
        remedy = f"use lower-case words joined by hyphens, at most {LONGEST} characters{f': {suggestion}' if suggestion else ''}"
        raise UserError(f"'{text}' is not a name for a plugin", remedy, key="NAME")
    names = Names(stem, kind)
    taken = {*ganzoo.__all__, "Tensor", "Path", "Mapping", "Iterable", "Optimizer", "Parameter"}  # what the module itself imports
    if stem in RESERVED or keyword.iskeyword(names.name) or keyword.iskeyword(names.cls) or names.cls in taken:
        raise UserError(f"'{text}' has a meaning of its own in Python or ganzoo", "choose another name", key="NAME")
    if names.distribution in {plugin.distribution for plugin in registry.plugins}:
        raise UserError(f"{names.distribution} is installed already", "choose another name, or uninstall it", key="NAME")
    for component in registry.of_kind(kind):
        if component.name in (names.name, names.command):
            what = f"{component.distribution} gives a {kind} named '{names.name}' already"
            raise UserError(what, "choose another name, so that configurations can say which they mean", key="NAME")
    return names


def core_range() -> str:
    """The range of ``ganzoo-core`` that a plugin written today should ask for: ``>=0.1,<0.2``."""
    return compatible_range(importlib.metadata.version("ganzoo-core"))


def compatible_range(version: str) -> str:
    """From this minor version to below the next that may break: the next minor one before 1.0, the next major one after."""
    major, minor = (*Version(version).release, 0)[:2]
    return f">={major}.{minor},<0.{minor + 1}" if major == 0 else f">={major}.{minor},<{major + 1}"


def normalised(name: str) -> str:
    """A distribution's name as indexes compare it (PEP 503): ``Ganzoo_Tower`` and ``ganzoo-tower`` are one."""
    return re.sub(r"[-_.]+", "-", name).lower()
