"""The bars that a terminal and a notebook show, drawn only when ``Task.advance`` says so; for a terminal by rich."""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Iterator
from html import escape
from typing import IO, Any, cast

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from .progress import LineReporter, Reporter, Task, line_of

BAR_SECONDS, DRAW_SECONDS = 0.2, 0.5
"""The shortest time between two drawings of the bar: on a terminal, and in a notebook, where each is a message to the browser."""


class BarReporter(Reporter):
    """A bar that redraws itself, with a line under it for the numbers of the game, for terminals."""

    quiet = False

    def __init__(self, stream: IO[str]) -> None:
        super().__init__(stream)
        self._console = Console(
            file=cast(IO[str], self.stream), force_terminal=True, color_system=None if os.environ.get("NO_COLOR") else "auto"
        )
        self._progress: Progress | None = None
        self._rows: dict[Task, TaskID] = {}

    def _write(self, text: str) -> None:
        """Above the bar."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _open(self, task: Task) -> None:
        if self._progress is None:
            self._progress = _progress(self._console)
            self._progress.start()
        self._rows[task] = self._progress.add_task(task.name, total=task.total, completed=task.done, count="", rate="", left="", tail="")
        self._draw(task)

    def _draw(self, task: Task) -> float:
        if self._progress is not None:
            rate, left = task.numbers()
            count = f"{task.done}/{task.total}"
            self._progress.update(self._rows[task], completed=task.done, count=count, rate=rate, left=left, tail=task.tail)
            self._progress.refresh()
        return time.monotonic() + BAR_SECONDS

    def _close(self, task: Task) -> None:
        self._draw(task)
        row = self._rows.pop(task)
        if self._progress is None:
            return
        if self._rows:  # an inner task leaves; the outer one's bar stays
            self._progress.remove_task(row)
            self._progress.refresh()
        else:
            self._progress.stop()
            self._progress = None


class _Bars(Progress):
    """A bar for each task with its numbers, and under the bars what tasks say of themselves."""

    def get_renderables(self) -> Iterator[RenderableType]:
        """The bars, then the words of each task that has some, in as many lines as they need."""
        yield self.make_tasks_table(self.tasks)
        for task in self.tasks:
            if task.fields["tail"]:
                yield Text(task.fields["tail"], style="dim")


def _progress(console: Console) -> Progress:
    """The bar's columns, which give way from the end on a narrow terminal."""

    def text(template: str) -> TextColumn:
        return TextColumn(template, style="none", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis"))

    return _Bars(
        text("{task.description}"),
        BarColumn(bar_width=max(8, min(24, console.width - 56))),
        text("{task.fields[count]}"),
        text("{task.fields[rate]}"),
        text("{task.fields[left]}"),
        console=console,
        auto_refresh=False,  # no thread beside the training; `advance` draws
        redirect_stdout=sys.stdout.isatty(),  # a pipe keeps what is printed to it
    )


class NotebookReporter(LineReporter):
    """A bar with the numbers of the game behind it, one output of the cell for each task; what is said comes on lines of its own."""

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
