"""Reading ahead: while one batch is trained on, a background thread reads the next."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

DEPTH = 2
"""Batches read ahead: one may come late from the disk while the other is at hand. More would only hold memory."""

Read = TypeVar("Read")


class Ahead(Generic[Read]):
    """Reads positions before they are asked for, in one thread, in order.

    It has no position of its own: whoever takes says where. So what was read ahead is never part of a run's state, and a run
    that is resumed elsewhere takes from there.

    Args:
        read: what is at a position; a pure function. Called in the background.
        depth: how many positions are read ahead.
    """

    def __init__(self, read: Callable[[int], Read], depth: int = DEPTH) -> None:
        self._read, self._depth = read, depth
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="read-ahead")
        self._pending: dict[int, Future[Read]] = {}

    def take(self, position: int) -> Read:
        """What is at ``position``. Raises what reading it raised."""
        wanted = range(position, position + 1 + self._depth)
        for elsewhere in self._pending.keys() - set(wanted):
            self._pending.pop(elsewhere).cancel()
        for number in wanted:
            if number not in self._pending:
                self._pending[number] = self._thread.submit(self._read, number)
        return self._pending.pop(position).result()
