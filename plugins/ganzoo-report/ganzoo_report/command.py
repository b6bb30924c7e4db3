"""``ganzoo report``: make a page again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

GROUP = "Look at runs"


def report(run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="A folder that 'ganzoo run' made.")]) -> None:
    """Make the report.html of a run again.

    Example: ganzoo report runs/quickstart
    """
    from .observer import Report

    print(Report.write_report(run_folder))
