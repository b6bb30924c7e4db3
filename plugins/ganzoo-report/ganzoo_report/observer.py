"""The observer that writes ``report.html`` when a run ends."""

from __future__ import annotations

from pathlib import Path

from ganzoo import DataSpec, hookimpl

from .compare_page import write_comparison
from .page import write_report


class Report:
    """``report.html`` in the run directory, one file that needs no network, made when the run ends, however it ends."""

    source = "the files of the run directory"
    write_report = staticmethod(write_report)
    """``ganzoo report``."""
    write_comparison = staticmethod(write_comparison)
    """``ganzoo compare``."""

    def __init__(self, data: DataSpec) -> None:
        self._directory: Path | None = None

    @hookimpl
    def run_started(self, directory: Path) -> None:
        """Keep the folder in mind."""
        self._directory = directory

    @hookimpl
    def run_finished(self) -> None:
        """Write the page."""
        if self._directory is not None:
            write_report(self._directory)
