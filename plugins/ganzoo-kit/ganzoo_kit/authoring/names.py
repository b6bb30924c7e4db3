"""What a new plugin may be called, and everything that is called after it."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass

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
