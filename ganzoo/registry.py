"""Finds what is installed: who provides which component or command, and what is broken and why.

Entry points of the group ``ganzoo`` are loaded one by one, each isolated: a plugin that raises, even ``SystemExit``, is
listed with its reason and fails only the runs that name it. Nothing is ever silently overridden.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import pluggy

from . import hookspecs, index
from .errors import UserError, did_you_mean

GROUP = "ganzoo"
CORE = "ganzoo-core"


@dataclass(frozen=True)
class Component:
    """One installed component, or command, and where it comes from."""

    kind: str
    name: str
    target: str | type
    distribution: str
    version: str
    default: bool = False
    """Whether it is an observer that every run tells."""

    @property
    def qualified(self) -> str:
        """``distribution/name``: picks this one where two distributions give the same name."""
        return f"{self.distribution}/{self.name}"

    def load(self) -> Any:
        """Import the class, or a command's function.

        Raises:
            UserError: naming the distribution, the target and the reason.
        """
        if isinstance(self.target, type):
            return self.target
        module, _, attribute = self.target.partition(":")
        try:
            found = getattr(importlib.import_module(module), attribute)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may even raise SystemExit
            raise UserError(
                f"{self.kind} '{self.name}' of {self.distribution} {self.version} ({self.target}) cannot be imported: {reason(error)}",
                f"repair or uninstall {self.distribution}",
            ) from error
        if not (callable(found) if self.kind == "command" else isinstance(found, type)):
            wanted = "function" if self.kind == "command" else "class"
            what = f"{self.kind} '{self.name}' of {self.distribution} names {self.target}, which is no {wanted}"
            raise UserError(what, f"upgrade {self.distribution}")
        return found


@dataclass(frozen=True)
class Plugin:
    """One entry point: a distribution, and the reason why it cannot be used ("" where it can)."""

    distribution: str
    version: str
    module: str
    broken: str = ""
    gives: tuple[str, ...] = ()


class Registry:
    """What is installed. ``Registry.installed()`` looks; the constructor takes entry points for tests."""

    def __init__(self, entry_points: Iterable[importlib.metadata.EntryPoint]) -> None:
        self.plugins: list[Plugin] = []
        self.components: list[Component] = []
        self.commands: list[Component] = []
        for entry_point in sorted(entry_points, key=lambda e: (_distribution(e) != CORE, _distribution(e), e.name)):
            self._add(entry_point)

    @classmethod
    def installed(cls) -> Registry:
        """Everything installed in this environment."""
        return cls(importlib.metadata.entry_points(group=GROUP))

    def _add(self, entry_point: importlib.metadata.EntryPoint) -> None:
        distribution, version = _distribution(entry_point), entry_point.dist.version if entry_point.dist else ""
        try:
            with redirect_stdout(sys.stderr):  # what a plugin prints must not get into a command's output
                found = [
                    Component(kind, name, target, distribution, version, default) for kind, name, target, default in _give(entry_point)
                ]
            self._refuse_repetition(found)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # isolation is the point: SystemExit and SyntaxError included
            why = str(error) if isinstance(error, UserError) else reason(error)
            self.plugins.append(Plugin(distribution, version, entry_point.value, broken=why))
            return
        self.components += [c for c in found if c.kind != "command"]
        self.commands += [c for c in found if c.kind == "command"]
        self.plugins.append(Plugin(distribution, version, entry_point.value, gives=tuple(f"{c.kind} {c.name}" for c in found)))

    def _refuse_repetition(self, found: Iterable[Component]) -> None:
        """A name that one distribution gives twice could not even be told apart by writing the distribution before it."""
        given = {(c.kind, c.qualified) for c in (*self.components, *self.commands)}
        for component in found:
            if (component.kind, component.qualified) in given:
                raise UserError(
                    f"another entry point of {component.distribution} gives a {component.kind} named '{component.name}' too", "rename one"
                )

    def of_kind(self, kind: str) -> list[Component]:
        """The components of one kind, or the commands, by name."""
        return sorted((c for c in (*self.components, *self.commands) if c.kind == kind), key=lambda c: (c.name, c.distribution))

    def command_words(self) -> dict[str, Component]:
        """Each command under the word that calls it: its name, or ``distribution/name`` where others share it. The core keeps its names."""
        sharing = Counter(c.name for c in self.commands)
        return {c.name if sharing[c.name] == 1 or c.distribution == CORE else c.qualified: c for c in self.commands}

    def find(self, kind: str, name: str) -> Component:
        """The component that ``name`` or ``distribution/name`` means.

        Raises:
            UserError: where there is none (naming the distribution that gives it, or the nearest, and the plugins that are broken),
                or more than one.
        """
        candidates = self.of_kind(kind)
        if (current := index.current_name(kind, name)) != name and current in {c.qualified for c in candidates}:
            name = current
        matching = [c for c in candidates if name in (c.name, c.qualified)]
        if len(matching) == 1:
            return matching[0]
        if matching:
            choices = " or ".join(f"'{c.qualified}'" for c in matching)
            raise UserError(f"{len(matching)} distributions give a {kind} named '{name}'", f"write {choices}")
        if missing := self.missing(kind, name):
            raise missing
        remedy = did_you_mean(name, [c.name for c in candidates], noun="installed")
        broken = [p for p in self.plugins if p.broken]
        if broken:
            remedy += "; not loaded: " + ", ".join(f"{p.distribution} ({p.broken})" for p in broken)
        raise UserError(f"'{name}' is not an installed {kind}", remedy)

    def missing(self, kind: str, name: str) -> UserError | None:
        """The error for a ``name`` of ``kind`` ("": any) that a distribution of ours gives which is not installed; None otherwise."""
        return index.missing_part(kind, name, {plugin.distribution for plugin in self.plugins})


def reason(error: BaseException) -> str:
    """An exception in one line: its type and message."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def _distribution(entry_point: importlib.metadata.EntryPoint) -> str:
    return entry_point.dist.name if entry_point.dist else "(unknown)"


def _give(entry_point: importlib.metadata.EntryPoint) -> list[tuple[str, str, str | type, bool]]:
    """Load one door, check it against the hook specifications, and return what it gives."""
    door = entry_point.load()
    _check_api(door, entry_point)
    manager = pluggy.PluginManager("ganzoo")  # one each, so that nothing leaks from plugin to plugin
    manager.add_hookspecs(hookspecs)
    manager.register(door, name=entry_point.name)
    _check_hooks(manager, door)
    found = []
    hooks = [*((kind, hookspecs.hook_of(kind)) for kind in hookspecs.GIVEN), ("observer", hookspecs.DEFAULT_OBSERVERS)]
    for kind, hook in hooks:
        for given in getattr(manager.hook, hook)():
            if not isinstance(given, Mapping):
                raise _misfit(hook, f"a {type(given).__name__}")
            for name, target in given.items():
                if not isinstance(name, str) or not isinstance(target, (str, type)) or (isinstance(target, str) and ":" not in target):
                    raise _misfit(hook, f"{name!r}: {target!r}")
                found.append((kind, name, target, hook == hookspecs.DEFAULT_OBSERVERS))
    return found


def _misfit(hook: str, given: str) -> UserError:
    return UserError(
        f"{hook} must return {{name: class or 'module:Class'}}, it gives {given}", "return a mapping of names to 'module:Class'"
    )


def _check_api(door: Any, entry_point: importlib.metadata.EntryPoint) -> None:
    version, newest, oldest = getattr(door, "GANZOO_API", None), hookspecs.API_VERSION, hookspecs.OLDEST_API
    if type(version) is not int:
        raise UserError(f"{entry_point.value} does not set GANZOO_API", f"set GANZOO_API = {newest}")
    if version > newest:
        remedy = f"upgrade ganzoo-core (its author: or set GANZOO_API = {newest})"
        raise UserError(f"it needs API {version}, this ganzoo-core gives {newest}", remedy)
    if version < oldest:
        remedy = f"upgrade {_distribution(entry_point)} (its author: move it to GANZOO_API = {newest})"
        raise UserError(f"it was written for API {version}, this ganzoo-core starts at {oldest}", remedy)


def _check_hooks(manager: pluggy.PluginManager, door: Any) -> None:
    """A hook that is misspelt or not marked is an error, not silence."""
    known = [name for name in vars(hookspecs) if hasattr(getattr(hookspecs, name), "ganzoo_spec")]
    for name, value in vars(door).items():
        if hasattr(value, "ganzoo_impl") and name not in known:
            raise UserError(f"'{name}' is no hook", did_you_mean(name, known, noun="hooks"))
        if name in known and name.startswith("ganzoo_") and not hasattr(value, "ganzoo_impl"):
            raise UserError(f"the hook '{name}' is not marked, so nothing calls it", "put @hookimpl over it (from ganzoo import hookimpl)")
    manager.check_pending()
