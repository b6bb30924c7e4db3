"""Notification of observers. A failing observer never stops a run: it is named, and not asked again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pluggy

from ganzoo import compat, hookspecs
from ganzoo.config import ResolvedPart
from ganzoo.errors import GanzooError, UserError
from ganzoo.fields import DataSpec
from ganzoo.registry import Component, reason
from ganzoo.ui.progress import Reporter


class Observers:
    """The observers that a run names, each an instance that implements some of the lifecycle hooks.

    After them the ``defaults`` are told, which nobody named. ``advice`` is what to do about one that failed.

    Raises:
        UserError: what an observer's constructor refuses.
    """

    def __init__(
        self, parts: Sequence[ResolvedPart], defaults: Sequence[Component] = (), *, data: DataSpec, reporter: Reporter, advice: str = ""
    ) -> None:
        self.failed: list[str] = []
        """Names of the observers that were left out."""
        self._reporter, self._advice = reporter, advice
        self._managers: dict[str, pluggy.PluginManager] = {}
        for name, part in compat.distinct(parts).items():
            self._add(name, partial(part.build, data), refuses=True)
        for component in defaults:
            self._add(component.qualified, partial(lambda each: each.load()(data), component), refuses=False)

    def _add(self, name: str, build: Callable[[], Any], refuses: bool) -> None:
        """Build one and register it; ``refuses``: whether what its constructor refuses ends the run before it begins."""
        manager = pluggy.PluginManager("ganzoo")
        manager.add_hookspecs(hookspecs)
        try:
            manager.register(build())
            manager.check_pending()
        except (Exception, SystemExit) as error:
            if refuses and isinstance(error, UserError):
                raise
            self._leave_out(name, error)
        else:
            self._managers[name] = manager

    def tell(self, hook: str, **values: Any) -> None:
        """Call ``hook`` of every observer that has it."""
        for name, manager in list(self._managers.items()):
            try:
                getattr(manager.hook, hook)(**values)
            except (Exception, SystemExit) as error:
                self._leave_out(name, error)
                del self._managers[name]

    def _leave_out(self, name: str, error: BaseException) -> None:
        self.failed.append(name)
        why = str(error) if isinstance(error, GanzooError) else reason(error)  # one that was meant for the user says all
        text = f"observer '{name}' failed and is left out from here on: {why}"
        self._reporter.warn(f"{text}; {self._advice.replace('OBSERVER', name)}" if self._advice else text)
