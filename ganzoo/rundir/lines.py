"""The lines of ``metrics.jsonl``: one event each, a JSON object with the key "event"."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from ganzoo.errors import GanzooError

RECORD = "metrics.jsonl"
"""The truth that every tracker and report is made from."""
EVAL = "eval"
"""Who measured, in the "by" of an "evaluated" line: 'ganzoo eval', and not the run itself."""


def append_event(path: Path, event: str, **values: Any) -> None:
    """Append one line to the ``metrics.jsonl`` of the run at ``path``, whether or not it is being trained.

    Numbers that are not finite become strings, as JSON has none.

    Raises:
        GanzooError: where the disk refuses.
    """
    plain = {k: str(v) if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}
    line = to_json({"event": event, **plain}) + "\n"
    try:
        with (path / RECORD).open("a+b") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                line = line if file.read(1) == b"\n" else "\n" + line  # a killed run may have torn the last one
            file.write(line.encode())
    except OSError as error:
        raise GanzooError(f"cannot write {path / RECORD}: {error.strerror}") from error


def to_json(value: Any, indent: int | None = None) -> str:
    """JSON in readable letters; escaped where a path that is not UTF-8 is in it, which no file of text could hold."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent)
    return text


def parse_line(line: str | bytes) -> dict[str, Any] | None:
    """The event of a line; None where it is torn, or no event."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None


def as_number(value: object) -> float | None:
    """A JSON number, or the words that stand for what JSON cannot say ("nan", "inf"); None for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and value.lower() not in ("nan", "inf", "-inf", "infinity", "-infinity"):
        return None
    try:
        number = float(value)
    except OverflowError:
        return math.inf
    return math.copysign(math.inf, number) if abs(number) >= 1e300 else number  # so that differences stay finite
