"""One HTML page a run, and one that compares runs. This entry-point module imports no jinja."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_default_observers() -> dict[str, str]:
    """The observer that writes the page when a run ends."""
    return {"html_report": "ganzoo_report.observer:Report"}


@hookimpl
def ganzoo_commands() -> dict[str, str]:
    """The command that makes the page again."""
    return {"report": "ganzoo_report.command:report"}
