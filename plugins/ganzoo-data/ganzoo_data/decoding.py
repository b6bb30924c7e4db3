"""Decodes many images into one file on all cores, and goes on where a broken-off attempt was.

In processes, not threads: a picture of CelebA's size takes half a millisecond, a quarter of it in Python, and two threads of
one interpreter kept 1.2 cores busy where two processes kept 1.6. The processes are forked, so that what decodes may be any
function. They write each image to its place in the file; only then does the parent write down its CRC-32. What has none, or no
longer matches it, is decoded again by the next attempt.
"""

from __future__ import annotations

import ctypes
import math
import os
import signal
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np

from ganzoo import GanzooError
from ganzoo.data import BadImage

CHUNK_IMAGES = 64
CHUNK_BYTES = 1 << 23
CHECKSUM = np.dtype("<u4")
"""How a CRC-32 is written: four bytes, the lowest first, on every machine."""
PARENT_DEATH_SIGNAL = 1
"""``PR_SET_PDEATHSIG`` of Linux' ``prctl``."""

Item = TypeVar("Item")
Bad: TypeAlias = dict[int, str]
"""Number of an item that is left out -> reason."""


@dataclass(frozen=True)
class Job(Generic[Item]):
    """What is to be decoded, and where to.

    Args:
        items: one for each image.
        decode: makes uint8 (C, H, W) of an item, or raises ``BadImage``. Called in several processes at once.
        shape: (C, H, W).
        path: the file, with a place of C * H * W bytes for each item.
        journal: the file beside it that holds the CRC-32 of each item that is done, 0 of others.
    """

    items: Sequence[Item]
    decode: Callable[[Item], np.ndarray]
    shape: tuple[int, int, int]
    path: Path
    journal: Path

    def decode_some(self, numbers: Sequence[int]) -> tuple[np.ndarray, Bad]:
        """Decode some items into the file: the CRC-32 of each, 0 where it is bad, and the bad ones."""
        checksums, bad, each = np.zeros(len(numbers), CHECKSUM), {}, math.prod(self.shape)
        with self.path.open("r+b") as file:
            for i, number in enumerate(numbers):
                try:
                    image = self.decode(self.items[number])
                except (BadImage, OSError) as reason:  # OSError: a picture that cannot be opened
                    bad[number] = str(reason)
                    continue
                if image.shape != self.shape or image.dtype != np.uint8:
                    raise TypeError(f"decode gives {image.dtype} {image.shape}, wanted uint8 {self.shape}")
                content = image.tobytes()
                checksums[i] = zlib.crc32(content)
                file.seek(number * each)
                file.write(content)
        return checksums, bad


def decode_missing(job: Job[Any], reporter: Any, check: Callable[[Bad], None]) -> tuple[np.ndarray, Bad]:
    """Decode what is not in the file yet, and see it to the disk.

    Args:
        job: what.
        reporter: shows progress: a ``Cache``'s.
        check: called with the bad items so far; may raise.

    Returns:
        The CRC-32 of each item (N,), 0 of bad ones, and the bad ones.

    Raises:
        Exception: what ``job.decode`` raises besides ``BadImage`` and ``OSError``; what ``check`` raises.
        GanzooError: where a process that decodes is killed.
        OSError: where the disk refuses.
    """
    count, each = len(job.items), math.prod(job.shape)
    bad: Bad = {}
    for path, size in ((job.path, count * each), (job.journal, count * CHECKSUM.itemsize)):
        path.touch()
        os.truncate(path, size)
    with job.journal.open("r+b") as journal, job.path.open("rb") as file:
        checksums = np.frombuffer(bytearray(journal.read()), CHECKSUM)

        def is_done(number: int) -> bool:
            return bool(checksums[number]) and zlib.crc32(os.pread(file.fileno(), each, number * each)) == checksums[number]

        todo = [number for number in range(count) if not is_done(number)]
        size = max(1, min(CHUNK_IMAGES, CHUNK_BYTES // each))
        with reporter.task("decode", count, done=count - len(todo), unit="images") as task:
            for chunk, found, bad_here in _decode_chunks(job, [todo[i : i + size] for i in range(0, len(todo), size)]):
                checksums[chunk] = found
                journal.seek(chunk[0] * CHECKSUM.itemsize)
                journal.write(checksums[chunk[0] : chunk[-1] + 1].tobytes())
                journal.flush()
                task.advance(len(chunk))
                bad |= bad_here
                check(bad)
        os.fsync(file.fileno())
        os.fsync(journal.fileno())
    return checksums, bad


def process_count() -> int:
    """How many processes decode: one for each core that this one may use. Elsewhere than on Linux forking is not safe."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


def _decode_chunks(job: Job[Any], chunks: Sequence[list[int]]) -> Iterator[tuple[list[int], np.ndarray, Bad]]:
    """Decode chunks, in whatever order they finish; the processes end with this generator."""
    count = min(process_count(), len(chunks))
    if count < 2:
        yield from ((chunk, *job.decode_some(chunk)) for chunk in chunks)
        return
    pool = ProcessPoolExecutor(count, get_context("fork"), _begin, (job, os.getpid()))
    try:
        waiting = {pool.submit(_work, chunk): chunk for chunk in chunks}
        for future in as_completed(waiting):
            chunk = waiting[future]
            yield (chunk, *(future.result() or job.decode_some(chunk)))  # what failed there fails here too, with its own traceback
    except BrokenProcessPool as error:
        remedy = "if memory ran out, make some free; then start again: what is decoded already is kept"
        raise GanzooError(f"a process that decodes images was killed; {remedy}") from error
    finally:
        pool.shutdown(cancel_futures=True)


_job: Job[Any]
"""What this process, one of the pool's, decodes."""


def _begin(job: Job[Any], parent: int) -> None:
    """Begin a process of the pool, which dies with its parent."""
    global _job
    _job = job
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent sees to it
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:  # it died before
        os._exit(1)


def _work(chunk: list[int]) -> tuple[np.ndarray, Bad] | None:
    try:
        return _job.decode_some(chunk)
    except Exception:  # the parent will meet it too
        return None
