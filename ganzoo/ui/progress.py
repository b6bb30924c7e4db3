"""Progress of the work under way: a bar on a terminal or in a notebook, plain lines elsewhere, on stderr.

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
from typing import IO, Any

LINE_SECONDS = 5.0
"""The shortest time between two plain lines of one task. It grows to a minute, so that a day's log stays readable."""
RATE_SECONDS = 30.0
"""The span that the rate is measured over."""


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


class SturdyStream:
    """A text stream that outlives its terminal, and writes what its encoding cannot say as backslash escapes.

    A terminal that went away, or a pipe whose reader did, must not end a training.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self.encoding = getattr(stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        """Write ``text``, or nothing where nobody is there."""
        with suppress(OSError):
            self._stream.write(text.encode(self.encoding, "backslashreplace").decode(self.encoding))
        return len(text)

    def flush(self) -> None:
        """Hand what is written to the system."""
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Reporter:
    """A reporter of warnings only. ``reporter`` chooses between it and those that show more.

    Args:
        stream: where text goes.
    """

    quiet = True
    """Whether nothing is said but warnings."""

    def __init__(self, stream: IO[str]) -> None:
        self.stream = SturdyStream(stream)

    def say(self, text: str) -> None:
        """Tell the user something, on a line of its own."""
        if not self.quiet:
            self._write(text)

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
        self.stream.write(text + "\n")
        self.stream.flush()

    def _open(self, task: Task) -> None: ...

    def _draw(self, task: Task) -> float:
        return float("inf")

    def _close(self, task: Task) -> None: ...


class LineReporter(Reporter):
    """Plain lines, for logs."""

    quiet = False

    def _open(self, task: Task) -> None:
        task._next_draw = task.started + LINE_SECONDS

    def _draw(self, task: Task) -> float:
        self._write(line_of(task))
        now = time.monotonic()
        return now + min(max(LINE_SECONDS, (now - task.started) / 20), 60.0)

    def _close(self, task: Task) -> None:
        self._draw(task)


def line_of(task: Task) -> str:
    """A task in a line: ``train  1200/7500  16%  412 steps/s  0:15 left  critic 0.43``."""
    percent = f"{100 * task.done // task.total}%" if task.total else ""
    parts = (task.name, f"{task.done}/{task.total}", percent, *task.numbers(), task.tail)
    return "  ".join(part for part in parts if part)


def reporter(quiet: bool = False, stream: IO[str] | None = None) -> Reporter:
    """The reporter that suits where its text goes.

    Args:
        quiet: warnings only.
        stream: where text goes; stderr if None.
    """
    jupyter = "IPython" in sys.modules and hasattr(sys.modules["IPython"].get_ipython(), "kernel")
    notebook, stream = stream is None and jupyter, sys.stderr if stream is None else stream
    if quiet:
        return Reporter(stream)
    if notebook:
        from .progress_bar import NotebookReporter

        return NotebookReporter(stream)
    in_ci = os.environ.get("CI", "").lower() not in ("", "0", "false")
    dumb = os.environ.get("TERM", "").lower() in ("dumb", "unknown")
    if dumb or in_ci or not stream.isatty():
        return LineReporter(stream)
    from .progress_bar import BarReporter

    return BarReporter(stream)


def clock(seconds: float) -> str:
    """Seconds as a clock shows them: ``0:15``, ``1:02:03``, ``2d 03:04:05``."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days}d {hour:02}:{minute:02}:{second:02}"
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"
