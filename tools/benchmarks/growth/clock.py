"""An observer that says beside each measured number how many processor seconds the training had taken, the measuring left out."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganzoo import DataSpec, hookimpl

GANZOO_API = 1
FILE = "cpu.jsonl"


class Clock:
    """Writes ``cpu.jsonl`` into the run directory: "step", "cpu" in seconds of all threads, and the metric's numbers."""

    def __init__(self, data: DataSpec) -> None:
        self._folder, self._since, self._left_out, self._logged = Path(), 0.0, 0.0, 0.0

    @hookimpl
    def run_started(self, directory: Path) -> None:
        """Begin to count."""
        self._folder, self._since = directory, time.process_time()

    @hookimpl
    def step_logged(self) -> None:
        """Of a step that is logged and measured, the log comes first: what follows it is no training."""
        self._logged = time.process_time()

    @hookimpl
    def evaluated(self, step: int, values: Mapping[str, Any]) -> None:
        """Write a line."""
        numbers = {name: value for name, value in values.items() if name != "provenance"}
        row = {"step": step, "cpu": self._logged - self._since - self._left_out, **numbers}
        with (self._folder / FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self._left_out += time.process_time() - self._logged
        self._logged = time.process_time()


@hookimpl
def ganzoo_observers() -> Mapping[str, type]:
    """The observer ``clock``."""
    return {"clock": Clock}
