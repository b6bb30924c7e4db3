"""Writes the tables of docs/reliability.md from the record."""

from __future__ import annotations

import itertools
from pathlib import Path

from .record import ROOT, Row

PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- promises: written by tools/prove_reliability -->", "<!-- end of promises -->"


def tables(rows: list[Row]) -> str:
    """A table for each section."""
    lines = []
    for section, group in itertools.groupby(rows, key=lambda row: row.section):
        lines += [f"### {section}", "", "| promise | what the last run found | tests |", "| --- | --- | --- |"]
        lines += [f"| {row.promise} | {_found(row)} | {_tests(row)} |" for row in group]
        lines.append("")
    return "\n".join(lines)


def _found(row: Row) -> str:
    if not row.date:
        return "not run with its full count yet"
    told = list(dict.fromkeys(row.found))
    text = "; ".join(told) if len(told) <= 8 else f"{len(told)} cases: {', '.join(told)}"
    verdict = f"**{row.failed} of {row.failed + row.passed} tests failed.** " if row.failed else ""
    skipped = f" ({row.skipped} skipped)" if row.skipped else ""
    return f"{verdict}{text}{skipped} <br>({row.date})"


def _tests(row: Row) -> str:
    return ", ".join(f"`{Path(file).name}`" for file in row.files)


def rewritten(text: str, rows: list[Row]) -> str:
    """The page's text with its tables made anew."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{tables(rows)}\n{END}{tail}"
