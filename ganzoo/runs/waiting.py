"""How torch's threads wait for each other: they spin while the cores are theirs, and sleep while other processes want them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

STATISTICS = Path("/proc/stat")
SECONDS, CORES = 0.5, 0.5
"""How often the processor's use is read, and how many cores must be wanted beyond those that there are."""


class Cores:
    """What other processes use of the cores, from one question to the next."""

    def __init__(self) -> None:
        self._before = (time.monotonic(), seconds_of_others())

    def wanted(self) -> bool:
        """Whether they have wanted, since the last question, more cores than torch's threads leave; where nothing tells it, no."""
        then, now = self._before, (time.monotonic(), seconds_of_others())
        self._before = now
        return (now[1] - then[1]) / (now[0] - then[0]) > max((os.cpu_count() or 1) - torch.get_num_threads(), 0) + CORES


@contextmanager
def yielding_cores() -> Iterator[None]:
    """Keep threads from spinning for each other, within the block, while other processes want their cores. No result changes.

    GNU's OpenMP, which torch brings for Linux, spins for milliseconds. Alone small networks gain by it; beside one busy process they
    take up to six times as long. It hardly spins while a process has more of its threads than there are cores, working or not.
    """
    ended = threading.Event()
    if torch.get_num_threads() > 1 and STATISTICS.exists() and not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & os.environ.keys():
        threading.Thread(target=_watch, args=(ended,), daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _watch(ended: threading.Event) -> None:
    """Hold OpenMP's threads of this thread's own while cores are wanted; they end with it, and another takes over."""
    cores, holds = Cores(), False
    while not ended.wait(SECONDS):
        wanted = cores.wanted()
        if wanted and not holds:
            torch.ones(2**16 * torch.get_num_threads()).add_(1)  # large enough for all threads to share it
        elif holds and not wanted:
            return threading.Thread(target=_watch, args=(ended,), daemon=True).start()
        holds = wanted


def seconds_of_others() -> float:
    """Processor seconds that all processes but this have had; 0 where nothing tells it."""
    if not STATISTICS.exists():
        return 0.0
    user, nice, system = map(int, STATISTICS.read_text().split(maxsplit=4)[1:4])
    return (user + nice + system) / os.sysconf("SC_CLK_TCK") - time.process_time()
