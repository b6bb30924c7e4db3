"""Tables and JSON on standard output."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

NARROWEST = 20
"""Columns that the last cell of a table needs, or it is left to the terminal to break it."""
STDOUT = {"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}


def print_json(value: object) -> None:
    """Print JSON, two spaces deep."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(head: Sequence[str], rows: Iterable[Sequence[str]], indent: str = "") -> None:
    """Print columns padded to their widest cell; a terminal wraps the last within its column, a pipe gets a line a row."""
    table = [[str(cell) for cell in row] for row in ([head] if head else []) + list(rows)]
    if not table:
        return
    widths = [max(map(len, column)) for column in zip(*table, strict=False)]
    margin = len(indent) + sum(widths[:-1]) + 2 * len(widths[:-1])
    room = shutil.get_terminal_size().columns - margin if sys.stdout.isatty() else 0
    for row in table:
        *cells, last = row
        first, *more = _wrapped(last, room) if len(last) > room >= NARROWEST else [last]
        print((indent + "  ".join([*map(str.ljust, cells, widths), first])).rstrip())
        for line in more:
            print(" " * margin + line)


def _wrapped(cell: str, columns: int) -> list[str]:
    """The lines of a cell, each of ``columns`` at most; its own line breaks stay."""
    return [part for line in cell.splitlines() for part in textwrap.wrap(line, columns, break_on_hyphens=False)] or [""]


def print_files(written: Iterable[Path], facts: Mapping[str, object], as_json: bool) -> None:
    """Print the paths of files that were written, a line each; as JSON with ``facts`` about them; nothing behind a file on stdout."""
    names = [str(path) for path in written]
    if set(names) & STDOUT:
        return
    if as_json:
        print_json({**facts, "files": names})
    else:
        print("\n".join(names))
