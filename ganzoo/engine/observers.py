"""Telling observers what happens. A failing observer never stops a run: it is named, and not asked again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pluggy

from ganzoo import hookspecs
from ganzoo.config import ResolvedPart
from ganzoo.fields import DataSpec
from ganzoo.progress import Reporter
from ganzoo.registry import reason


class Observers:
    """The observers that a run names, each an instance that implements some of the lifecycle hooks."""

    def __init__(self, parts: Sequence[ResolvedPart], data: DataSpec, reporter: Reporter) -> None:
        self._reporter = reporter
        self._managers: dict[str, pluggy.PluginManager] = {}
        for part in parts:
            manager = pluggy.PluginManager("ganzoo")
            manager.add_hookspecs(hookspecs)
            manager.register(part.build(data))
            manager.check_pending()
            self._managers[part.name] = manager

    def tell(self, hook: str, **values: Any) -> None:
        """Call ``hook`` of every observer that has it."""
        for name, manager in list(self._managers.items()):
            try:
                getattr(manager.hook, hook)(**values)
            except Exception as error:
                self._reporter.warn(f"observer '{name}' failed and is left out from here on: {reason(error)}")
                del self._managers[name]
