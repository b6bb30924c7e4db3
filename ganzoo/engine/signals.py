"""Signals: the first sets a flag, the loop saves and leaves; the second Ctrl-C ends the process at once."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Interrupted(BaseException):
    """A signal came while something was under way that need not be finished. No ``except Exception`` may swallow it."""


class Stop:
    """A request to stop: ``signal`` is the signal's number, 0 while nobody did."""

    def __init__(self) -> None:
        self.signal = 0
        self._impatient = False

    def ask(self, number: int) -> None:
        """Take note of a signal.

        Raises:
            Interrupted: inside of ``interrupts``.
        """
        self.signal = number
        if self._impatient:
            raise Interrupted

    @contextmanager
    def interrupts(self) -> Iterator[None]:
        """For work that takes longer than a step and changes nothing: a signal ends it at once, by ``Interrupted``."""
        if self.signal:
            raise Interrupted
        self._impatient = True
        try:
            yield
        finally:
            self._impatient = False


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """SIGINT and SIGTERM set the flag that is given, and the work goes on to where it can be saved.

    From the first signal on, Ctrl-C does what it does to any process: the system ends it, even amid a long computation,
    and shells count 130.
    """
    stop = Stop()
    # The system never ends a container's process 1 by itself.
    leave = signal.SIG_DFL if os.getpid() > 1 else lambda number, frame: os._exit(128 + number)

    def handle(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, leave)
        stop.ask(number)

    with _handling(handle, signal.SIGINT, signal.SIGTERM):
        yield stop


@contextmanager
def unwind_on_termination(unless: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """SIGTERM ends the process with 143, after the ``finally`` blocks on its way: for what comes before the training.

    ``unless`` says that the process is ending already, and why: then nothing happens.
    """

    def handle(number: int, frame: FrameType | None) -> None:
        if not unless():
            raise SystemExit(128 + number)

    with _handling(handle, signal.SIGTERM):
        yield


@contextmanager
def _handling(handle: Callable[[int, FrameType | None], Any], *numbers: signal.Signals) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # Python lets only that one handle signals
        yield
        return
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def die_with_parent() -> None:
    """Have Linux send this process SIGTERM when its parent dies: a rank must not outlive torchrun. Elsewhere, do nothing."""
    if sys.platform == "linux":
        set_parent_death_signal = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)
