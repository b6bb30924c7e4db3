"""The results as a table in ``docs/benchmarks-data.md``."""

from __future__ import annotations

import datetime
import os
import platform
import shlex
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from common.machine import processor
from common.page import put_into

if TYPE_CHECKING:
    from .command import Result

PAGE = Path(__file__).resolve().parents[3] / "docs" / "benchmarks-data.md"


def write_page(results: Sequence[Result], arguments: Sequence[str]) -> None:
    """Put the results where the page has them."""
    put_into(PAGE, "results", "bench_data", table(results, arguments))


def table(results: Sequence[Result], arguments: Sequence[str]) -> str:
    """Where the results come from, and a row for each."""
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[1]
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "torchvision", "pillow", "numpy"))
    lines = [
        f"- Command: `{shlex.join(['tools/bench_data', *arguments])}`",
        f"- Date: {datetime.datetime.now(datetime.UTC).date().isoformat()}",
        f"- Machine: {processor()}, {cores} cores; over the last 5 minutes {load:.1f} processes wanted one",
        f"- Versions: Python {platform.python_version()}, {versions}",
        "",
        "| what | ganzoo | the other | found | bar | |",
        "| --- | --- | --- | --- | --- | --- |",
        *(f"| {r.what} | {r.ours} | {r.theirs} | {r.found} | {r.bar} | {'met' if r.met else 'missed'} |" for r in results),
        "",
    ]
    return "\n".join(lines)
