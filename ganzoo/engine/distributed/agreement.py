"""When ranks tell each other of a signal to one of them."""

from __future__ import annotations

import time

from .ranks import Ranks

SECONDS = 0.2
"""How long a signal may stay unknown to the other ranks, about; a step that takes longer ends first."""


class Agreement:
    """Lets all ranks stop after the same step: each learns of a signal to any of them.

    They ask each other every so many steps as take ``SECONDS`` on the slowest of them, as every exchange makes all wait for one.
    """

    def __init__(self, ranks: Ranks) -> None:
        self._ranks, self._every, self._steps, self._since = ranks, 1, 0, time.perf_counter()

    def signal(self, own: int, now: bool) -> int:
        """The signal after a step, ``own`` or another rank's; 0 for none, or none that is known yet.

        With ``now`` they ask in any case, and so wait for whoever has written or measured something: all have to say the same.
        """
        self._steps += 1
        if self._ranks.size == 1:
            return own
        if not now and self._steps < self._every:
            return 0
        signal = self._ranks.all_reduce_max(own)
        microseconds = self._ranks.all_reduce_max(int((time.perf_counter() - self._since) * 1e6 / self._steps))
        self._every = max(int(SECONDS * 1e6 / max(microseconds, 1)), 1)
        self._steps, self._since = 0, time.perf_counter()
        return signal
