"""The bar that a notebook shows: one output of the cell for each task, drawn anew in place."""

from __future__ import annotations

import importlib
import sys
import time
from html import escape
from typing import IO, Any

from .progress import LineReporter, Task, line_of

DRAW_SECONDS = 0.5
"""The shortest time between two drawings: each is a message to the browser."""


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this process."""
    return "IPython" in sys.modules and hasattr(sys.modules["IPython"].get_ipython(), "kernel")


class NotebookReporter(LineReporter):
    """A bar with the numbers of the game behind it; what is said comes on lines of its own."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__(stream)
        self._handles: dict[Task, Any] = {}

    def _open(self, task: Task) -> None:
        self._handles[task] = importlib.import_module("IPython.display").DisplayHandle()
        self._handles[task].display(_shown(task), raw=True)

    def _draw(self, task: Task) -> float:
        self._handles[task].update(_shown(task), raw=True)
        return time.monotonic() + DRAW_SECONDS

    def _close(self, task: Task) -> None:
        self._draw(task)
        del self._handles[task]


def _shown(task: Task) -> dict[str, str]:
    text = line_of(task)
    return {"text/html": f'<progress value="{task.done}" max="{task.total}"></progress> {escape(text)}', "text/plain": text}
