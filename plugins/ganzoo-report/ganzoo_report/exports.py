"""Exports of the generator that lie in a run's folder: the step of the weights that each holds."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

ENDINGS = (".onnx", ".pt2")
FACTS = re.compile(rb'"route": "[^"]*", "run": "[0-9a-f]*", "step": (\d{1,15}),')
"""As 'ganzoo export' writes them into a file of either kind, in plain letters."""


def exports(directory: Path) -> dict[str, int]:
    """File name -> step, of each export of the folder that says so."""
    steps = {path.name: _step(path) for path in sorted(directory.iterdir()) if path.suffix in ENDINGS and path.is_file()}
    return {name: step for name, step in steps.items() if step is not None}


def _step(path: Path) -> int | None:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            found = FACTS.search(content)
            return int(found[1]) if found else None
    except (OSError, ValueError):  # it is empty
        return None
