"""The registry of installed components and commands, and of broken plugins with their reasons.

Entry points of the group ``ganzoo`` are loaded one by one, each isolated: a plugin that raises, even ``SystemExit``, is
listed with its reason and fails only the runs that name it. Nothing is ever silently overridden.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .errors import UserError, did_you_mean
from .plugins import index, one_file
from .plugins.entry_points import Given, given_by, origin_of

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
    file: Path | None = None
    """The file of a one-file plugin, whose name is then the distribution, and whose hash is the version."""

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
            what = f"{self.kind} '{self.name}' of {self.distribution} names {self.target}, which is not a {wanted}"
            raise UserError(what, f"upgrade {self.distribution}")
        return found


@dataclass(frozen=True)
class Plugin:
    """One entry point, or one file: a distribution, and the reason why it cannot be used ("" where it can)."""

    distribution: str
    version: str
    module: str
    broken: str = ""
    gives: tuple[str, ...] = ()


class Registry:
    """The installed components. ``Registry.installed()`` looks; the constructor takes entry points for tests."""

    def __init__(self, entry_points: Iterable[importlib.metadata.EntryPoint]) -> None:
        self.withheld: dict[str, UserError] = {}
        """One-file plugins of a run directory whose code may not run, and what to do about it."""
        self.plugins: list[Plugin] = []
        self.components: list[Component] = []
        self.commands: list[Component] = []
        for entry_point in sorted(entry_points, key=lambda e: (origin_of(e)[0] != CORE, origin_of(e), e.name)):
            self._add(entry_point)

    @classmethod
    def installed(cls) -> Registry:
        """Everything installed in this environment, and the one-file plugins, as the command under way chose.

        Raises:
            UserError: where a file that the command names cannot be used, or it leaves out what is not there.
        """
        given = {e: (origin_of(e)[0], e.name) for e in importlib.metadata.entry_points(group=GROUP)}
        files, left_out = one_file.chosen({e: names for e, names in given.items() if names[0] != CORE})
        registry = cls(entry_point for entry_point in given if entry_point not in left_out)
        for path, named in files.items():
            registry.add_file(path)
            if named and (broken := registry.plugins[-1].broken):
                raise UserError(f"the plugin {path} cannot be used: {broken}", "repair it", key="--plugin")
        return registry

    def _add(self, entry_point: importlib.metadata.EntryPoint) -> None:
        self._take(Plugin(*origin_of(entry_point), entry_point.value), lambda: given_by(entry_point.load(), entry_point))

    def add_file(self, path: Path) -> None:
        """Add a one-file plugin, whose code is run; one that is broken is listed with its reason.

        Raises:
            UserError: where it cannot be read.
        """
        content = one_file.read_code(path)
        self._take(Plugin(path.name, one_file.version_of(content), str(path.resolve())), lambda: one_file.given_by(path, content), path)

    def _take(self, plugin: Plugin, give: Callable[[], Iterable[Given]], file: Path | None = None) -> None:
        """Add what a plugin gives; whatever it raises meanwhile becomes its reason."""
        try:
            with redirect_stdout(sys.stderr):  # what a plugin prints must not get into a command's output
                found = [Component(k, n, target, plugin.distribution, plugin.version, default, file) for k, n, target, default in give()]
            known = {(c.kind, c.name) for c in (*self.components, *self.commands) if c.distribution == plugin.distribution}
            if twice := next((c for c in found if (c.kind, c.name) in known), None):  # not even a qualified name tells them apart
                what = f"another entry point of {twice.distribution} gives a {twice.kind} named '{twice.name}' too"
                raise UserError(what, "rename one")
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # isolation is the point: SystemExit and SyntaxError included
            why = str(error) if isinstance(error, UserError) else reason(error)
            self.plugins.append(replace(plugin, broken=why))
            return
        self.components += [c for c in found if c.kind != "command"]
        self.commands += [c for c in found if c.kind == "command"]
        self.plugins.append(replace(plugin, gives=tuple(f"{c.kind} {c.name}" for c in found)))

    def of_kind(self, kind: str) -> list[Component]:
        """The components of one kind, or the commands, by name."""
        return sorted((c for c in (*self.components, *self.commands) if c.kind == kind), key=lambda c: (c.name, c.distribution))

    def command_words(self) -> dict[str, Component]:
        """Each command under the word that calls it: its name, or ``distribution/name`` where others share it. The core keeps its names."""
        sharing = Counter(c.name for c in self.commands)
        return {c.name if sharing[c.name] == 1 or c.distribution == CORE else c.qualified: c for c in self.commands}

    def find(self, kind: str, name: str) -> Component:
        """The component that ``name`` or ``distribution/name`` means; of several of one name, that of a one-file plugin.

        Raises:
            UserError: where there is none (naming the distribution that gives it, or the nearest, and the plugins that are broken),
                or more than one.
        """
        candidates = self.of_kind(kind)
        if (current := index.current_name(kind, name)) != name and current in {c.qualified for c in candidates}:
            name = current
        matching = [c for c in candidates if name in (c.name, c.qualified)]
        matching = [c for c in matching if c.file] or matching
        if len(matching) == 1:
            return matching[0]
        if matching:
            choices = " or ".join(f"'{c.qualified}'" for c in matching)
            raise UserError(f"{len(matching)} distributions give a {kind} named '{name}'", f"write {choices}")
        if missing := self.missing(kind, name) or self.withheld.get(name.partition("/")[0]):
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
