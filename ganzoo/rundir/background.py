"""Writing in a background thread, and the snapshots of a run's state that it writes."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from torch import Tensor

Made = TypeVar("Made")


class Background:
    """Does work in one thread. What follows from it, errors too, happens in the thread that asks, when it next looks.

    Not ``threaded``, everything is done at once, as is right on a CPU, which has nothing else to do it with.
    """

    def __init__(self, threaded: bool) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="write") if threaded else None
        self._pending: deque[tuple[str, Future[Any], Callable[[Any], None]]] = deque()

    def do(self, kind: str, work: Callable[[], Made], then: Callable[[Made], None]) -> None:
        """Do ``work`` in the background and ``then``, with what it returned, at a later ``look``.

        Waits for an earlier one of its ``kind``, so that no second checkpoint is late. Raises what an earlier one raised.
        """
        if self._thread is None:
            return then(work())
        self.look()
        while any(each == kind for each, *_ in self._pending):
            self._take_first()
        self._pending.append((kind, self._thread.submit(work), then))

    def look(self) -> None:
        """Take in what is done by now. Raises what it raised."""
        while self._pending and self._pending[0][1].done():
            self._take_first()

    def wait(self) -> None:
        """Wait until everything is done, and take it in. Raises what it raised."""
        while self._pending:
            self._take_first()

    def _take_first(self) -> None:
        _, future, then = self._pending.popleft()
        then(future.result())


def snapshot(state: Any) -> Any:
    """``state`` as it is now, whatever happens to its tensors from here on; dicts and lists at any depth.

    On a GPU the copies are ordered and stay there: to wait for them is for whoever writes them (``in_memory``).
    """
    return mapped(state, lambda value: value.detach().clone())


def in_memory(state: Any) -> Any:
    """``state`` with all tensors in the host's memory."""
    return mapped(state, lambda value: value.cpu())


def mapped(state: Any, function: Callable[[Tensor], Tensor]) -> Any:
    """``state`` with ``function`` of each of its tensors."""
    if isinstance(state, Tensor):
        return function(state)
    if isinstance(state, dict):
        made = copy.copy(state)  # a state dict keeps its versions
        made.update({key: mapped(value, function) for key, value in state.items()})
        return made
    return [mapped(value, function) for value in state] if isinstance(state, list) else state
