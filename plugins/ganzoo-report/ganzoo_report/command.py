"""``ganzoo report``: make a page again."""

from __future__ import annotations

from ganzoo.commands.options import RunFolder

GROUP = "Look at runs"


def report(run_folder: RunFolder) -> None:
    """Make the report.html of a run again.

    Example: ganzoo report runs/quickstart
    """
    from .observer import Report

    print(Report.write_report(run_folder))
