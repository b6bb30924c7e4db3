"""Stopping on request: a signal sets a flag, the loop saves and leaves; the second Ctrl-C leaves at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stop:
    """Whether someone asked to stop: ``signal`` is the signal's number, 0 while nobody did."""

    signal = 0

    @property
    def exit_code(self) -> int:
        """128 + the signal's number, as shells count: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + self.signal


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """SIGINT and SIGTERM set the flag that is given; a second SIGINT ends the process with 130 at once."""
    stop = Stop()

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.signal and number == signal.SIGINT:
            os._exit(130)
        stop.signal = number

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
