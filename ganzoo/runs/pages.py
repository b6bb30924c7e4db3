"""Finds what writes the HTML pages of ``ganzoo report`` and ``ganzoo compare``."""

from __future__ import annotations

from typing import Any

from ganzoo.errors import UserError
from ganzoo.registry import Registry

DISTRIBUTION = "ganzoo-report"


def page_writer(registry: Registry) -> Any:
    """The observer class that also has ``write_report(directory)`` and ``write_comparison(path, ...)``.

    Raises:
        UserError: where it is not installed, or broken.
    """
    if all(plugin.distribution != DISTRIBUTION for plugin in registry.plugins):
        raise UserError(f"HTML pages are written by {DISTRIBUTION}, which is not installed", f"pip install {DISTRIBUTION}")
    given = [component for component in registry.of_kind("observer") if component.distribution == DISTRIBUTION]
    if not given:
        broken = next(plugin.broken for plugin in registry.plugins if plugin.distribution == DISTRIBUTION)
        raise UserError(f"{DISTRIBUTION} cannot be used: {broken}", f"repair or upgrade {DISTRIBUTION}")
    return given[0].load()
