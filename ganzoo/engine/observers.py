"""Telling observers what happens. A failing observer never stops a run: it is named, and not asked again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pluggy

from ganzoo import hookspecs
from ganzoo.config import ResolvedPart
from ganzoo.errors import GanzooError, UserError
from ganzoo.fields import DataSpec
from ganzoo.registry import reason
from ganzoo.ui.progress import Reporter


class Observers:
    """The observers that a run names, each an instance that implements some of the lifecycle hooks.

    Args:
        parts: the observers, as configured.
        data: what is known of the data.
        reporter: is told who failed.
        advice: what to do about one that failed, told with it.

    Raises:
        UserError: what an observer's constructor refuses.
    """

    def __init__(self, parts: Sequence[ResolvedPart], data: DataSpec, reporter: Reporter, advice: str = "") -> None:
        self.failed: list[str] = []
        """Names of the observers that were left out."""
        self._reporter, self._advice = reporter, advice
        self._managers: dict[str, pluggy.PluginManager] = {}
        for part in parts:
            manager = pluggy.PluginManager("ganzoo")
            manager.add_hookspecs(hookspecs)
            try:
                manager.register(part.build(data))
                manager.check_pending()
            except UserError:
                raise
            except (Exception, SystemExit) as error:
                self._leave_out(part.name, error)
            else:
                self._managers[part.name] = manager

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
        self._reporter.warn(f"{text}; {self._advice}" if self._advice else text)
