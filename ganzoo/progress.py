"""What a user sees while ganzoo works: a bar on a terminal, plain lines elsewhere, on stderr either way.

Drawing happens inside ``Task.advance``, at most a few times a second, in the caller's thread: no thread runs beside
the training.
"""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

BAR_SECONDS = 0.2
"""The shortest time between two drawings of the bar."""
LINE_SECONDS = 5.0
"""The shortest time between two plain lines of one task. It grows to a minute, so that a day's log stays readable."""
RATE_SECONDS = 30.0
"""The span that the rate is measured over."""

_lost_terminal = suppress(OSError)
"""A terminal that went away must not end a training."""


class Task:
    """Work of a known length under way. ``Reporter.task`` makes it.

    Args:
        name: what is done, in a word or two.
        total: how many units there are to do.
        done: how many are done already (a resumed run).
        unit: what is counted, in the plural.
        draw: shows the task and returns the time (``time.monotonic`` seconds) before which it need not be shown again.
    """

    def __init__(self, name: str, total: int, done: int, unit: str, draw: Callable[[Task], float]) -> None:
        self.name, self.total, self.done, self.unit, self.tail = name, total, done, unit, ""
        self._draw, self._next_draw = draw, 0.0
        self.started = time.monotonic()
        self._history: deque[tuple[float, int]] = deque([(self.started, done)])

    def advance(self, n: int = 1) -> None:
        """Count ``n`` units as done. Costs well under a microsecond where nothing is drawn."""
        self.done += n
        if time.monotonic() >= self._next_draw:
            self._next_draw = self._draw(self)

    def show(self, text: str) -> None:
        """Put ``text`` behind the numbers, from the next drawing on: ``critic 0.43  generator 1.2``."""
        self.tail = " ".join(text.splitlines())

    def measure(self) -> float:
        """Units a second over the last half minute; 0.0 while nothing can be told."""
        now = time.monotonic()
        while len(self._history) > 1 and now - self._history[0][0] > RATE_SECONDS:
            self._history.popleft()
        since, done = self._history[0]
        if now - self._history[-1][0] >= 1:
            self._history.append((now, self.done))
        return (self.done - done) / (now - since) if now > since else 0.0

    def numbers(self) -> tuple[str, str]:
        """Rate and time left: ``("412 steps/s", "0:15 left")``; empty while nothing can be told."""
        rate = self.measure()
        if rate <= 0:
            return "", ""
        digits = 0 if rate >= 100 else 1 if rate >= 10 else 2
        left = (
            f"{clock((self.total - self.done) / rate)} left" if self.done < self.total else f"in {clock(time.monotonic() - self.started)}"
        )
        return f"{rate:.{digits}f} {self.unit}/s", left


class Reporter:
    """The quiet one: warnings only. ``reporter`` chooses between it and those that show more.

    Args:
        stream: where text goes.
    """

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream

    def say(self, text: str) -> None:
        """Tell the user something, on a line of its own."""

    def warn(self, text: str) -> None:
        """Tell the user what is wrong but does not stop the work."""
        self._write(f"ganzoo: warning: {text}")

    @contextmanager
    def task(self, name: str, total: int, done: int = 0, unit: str = "steps") -> Iterator[Task]:
        """Show work under way until the block ends, however it ends. Tasks may nest.

        Args:
            name: what is done, in a word or two.
            total: how many units there are to do.
            done: how many are done already.
            unit: what is counted, in the plural.
        """
        task = Task(name, total, done, unit, self._draw)
        self._open(task)
        try:
            yield task
        finally:
            self._close(task)

    def _write(self, text: str) -> None:
        with _lost_terminal:
            self.stream.write(printable(text, getattr(self.stream, "encoding", None)) + "\n")
            self.stream.flush()

    def _open(self, task: Task) -> None: ...

    def _draw(self, task: Task) -> float:
        return float("inf")

    def _close(self, task: Task) -> None: ...


class LineReporter(Reporter):
    """Plain lines, for logs: ``train  1200/7500  16%  412 steps/s  0:15 left  critic 0.43``."""

    def say(self, text: str) -> None:
        """Write the text."""
        self._write(text)

    def _open(self, task: Task) -> None:
        task._next_draw = task.started + LINE_SECONDS

    def _draw(self, task: Task) -> float:
        percent = f"{100 * task.done // task.total}%" if task.total else ""
        parts = (task.name, f"{task.done}/{task.total}", percent, *task.numbers(), task.tail)
        self._write("  ".join(part for part in parts if part))
        now = time.monotonic()
        return now + min(max(LINE_SECONDS, (now - task.started) / 20), 60.0)

    def _close(self, task: Task) -> None:
        self._draw(task)


class BarReporter(Reporter):
    """A bar that redraws itself, for terminals."""

    def __init__(self, stream: IO[str]) -> None:
        from rich.console import Console

        super().__init__(stream)
        self._console = Console(file=stream, force_terminal=True, color_system=None if os.environ.get("NO_COLOR") else "auto")
        self._progress: Progress | None = None
        self._rows: dict[Task, TaskID] = {}

    def say(self, text: str) -> None:
        """Write the text above the bar."""
        self._write(text)

    def _write(self, text: str) -> None:
        with _lost_terminal:
            self._console.print(printable(text, self._console.encoding), markup=False, highlight=False, soft_wrap=True)

    def _open(self, task: Task) -> None:
        if self._progress is None:
            self._progress = _progress(self._console)
            with _lost_terminal:
                self._progress.start()
        self._rows[task] = self._progress.add_task(task.name, total=task.total, completed=task.done, count="", rate="", left="", tail="")
        self._draw(task)

    def _draw(self, task: Task) -> float:
        if self._progress is not None:
            rate, left = task.numbers()
            tail = printable(task.tail, self._console.encoding)
            self._progress.update(self._rows[task], completed=task.done, rate=rate, left=left, tail=tail, count=f"{task.done}/{task.total}")
            with _lost_terminal:
                self._progress.refresh()
        return time.monotonic() + BAR_SECONDS

    def _close(self, task: Task) -> None:
        self._draw(task)
        row = self._rows.pop(task)
        if self._progress is None:
            return
        with _lost_terminal:
            if self._rows:  # an inner task leaves; the outer one's bar stays
                self._progress.remove_task(row)
                self._progress.refresh()
            else:
                self._progress.stop()
        if not self._rows:
            self._progress = None


def reporter(quiet: bool = False, stream: IO[str] | None = None) -> Reporter:
    """The reporter that suits where its text goes.

    Args:
        quiet: warnings only.
        stream: where text goes; stderr if None.
    """
    stream = sys.stderr if stream is None else stream
    if quiet:
        return Reporter(stream)
    in_ci = os.environ.get("CI", "").lower() not in ("", "0", "false")
    dumb = os.environ.get("TERM", "").lower() in ("dumb", "unknown")
    return BarReporter(stream) if stream.isatty() and not dumb and not in_ci else LineReporter(stream)


def clock(seconds: float) -> str:
    """Seconds as a clock shows them: ``0:15``, ``1:02:03``, ``2d 03:04:05``."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days}d {hour:02}:{minute:02}:{second:02}"
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"


def printable(text: str, encoding: str | None) -> str:
    """``text`` with what ``encoding`` cannot say as backslash escapes."""
    encoding = encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _progress(console: Console) -> Progress:
    """The bar's columns, which give way from the tail on a narrow terminal."""
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.table import Column

    def text(template: str, style: str = "none", ratio: int | None = None) -> TextColumn:
        return TextColumn(template, style=style, markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", ratio=ratio))

    return Progress(
        text("{task.description}"),
        BarColumn(bar_width=24),
        text("{task.fields[count]}"),
        text("{task.fields[rate]}"),
        text("{task.fields[left]}"),
        text("{task.fields[tail]}", "dim", ratio=1),
        console=console,
        auto_refresh=False,  # no thread beside the training; `advance` draws
        redirect_stdout=sys.stdout.isatty(),  # a pipe keeps what is printed to it
        expand=True,
    )
