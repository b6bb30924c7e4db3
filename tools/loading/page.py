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

if TYPE_CHECKING:
    from .command import Result

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks-data.md"
START = "<!-- results: written by tools/bench_data -->\n"
END = "<!-- end of results -->\n"
"""Between the two stands what the tool writes; the rest of the page is written by hand."""


def write_page(results: Sequence[Result], arguments: Sequence[str]) -> None:
    """Put the results where the page has them."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{START}{table(results, arguments)}{END}{after}", encoding="utf-8")


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


def processor() -> str:
    """What the machine calls its processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
