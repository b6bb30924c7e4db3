"""Decodes chunks of images on all cores.

In processes, not threads: a picture of CelebA's size takes half a millisecond, a quarter of it in Python, and two threads of
one interpreter kept 1.2 cores busy where two processes kept 1.6. The processes are forked, so that what decodes may be any
function. They write no file: whatever is done to them, or to their parent, no half of a picture gets anywhere.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import zlib
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import connection, get_context
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from ganzoo.errors import GanzooError

from .images import BadImage

if TYPE_CHECKING:
    from multiprocessing.context import ForkProcess

CHUNK_IMAGES = 256
CHUNK_BYTES = 1 << 23

Item = TypeVar("Item")


@dataclass(frozen=True)
class Job(Generic[Item]):
    """What is to be decoded.

    Args:
        items: one for each image.
        decode: makes uint8 (C, H, W) of an item, or raises ``BadImage``. Called in several processes at once.
        shape: (C, H, W).
        too_many: tells from the bad images so far, item number -> reason, whether to give up; by raising.
    """

    items: Sequence[Item]
    decode: Callable[[Item], np.ndarray]
    shape: tuple[int, int, int]
    too_many: Callable[[dict[int, str]], None]

    @property
    def bytes_each(self) -> int:
        """Length of one slot."""
        return math.prod(self.shape)

    @property
    def chunks(self) -> list[range]:
        """The item numbers, cut into chunks. Small enough to redo, large enough that an fsync for each costs nothing."""
        step = max(1, min(CHUNK_IMAGES, CHUNK_BYTES // self.bytes_each))
        return [range(start, min(start + step, len(self.items))) for start in range(0, len(self.items), step)]


@dataclass(frozen=True)
class Chunk:
    """What came of consecutive items.

    Args:
        start: number of the first.
        checksums: the CRC-32 of each item's slot.
        bad: the items that are left out: number -> reason.
    """

    start: int
    checksums: Sequence[int]
    bad: Mapping[int, str]

    def to_json(self) -> dict[str, Any]:
        """As a line of the journal."""
        return {"chunk": self.start, "crc32": self.checksums, "bad": {str(number): reason for number, reason in self.bad.items()}}

    @classmethod
    def from_json(cls, value: Any) -> Chunk:
        """What ``to_json`` gave. Raises a ValueError, KeyError, TypeError or AttributeError for anything else."""
        bad = {int(number): str(reason) for number, reason in value["bad"].items()}
        return cls(int(value["chunk"]), [int(crc32) for crc32 in value["crc32"]], bad)


def decode_chunks(job: Job[Any], todo: Iterable[range]) -> Generator[tuple[Chunk, np.ndarray], None, None]:
    """Decode chunks; yield each with its slots (n, C, H, W), in the order they finish.

    Raises:
        Exception: what ``job.decode`` raises besides ``BadImage`` and ``OSError``.
        GanzooError: where a process that decodes is killed.
    """
    chunks = list(todo)
    count = min(process_count(), len(chunks))
    if count < 2:
        yield from (decode_chunk(job, numbers) for numbers in chunks)
        return
    workers: list[_Worker] = []
    try:
        for _ in range(count):
            workers.append(_Worker(job, workers))
        waiting = iter(chunks)
        for worker in workers:
            worker.begin(next(waiting, None))
        while busy := {worker.pipe: worker for worker in workers if worker.numbers}:
            for pipe in connection.wait(list(busy)):
                worker = busy[pipe]  # type: ignore[index]
                numbers, made = worker.numbers, worker.receive()
                worker.begin(next(waiting, None))  # it works while the disk does
                yield made or decode_chunk(job, numbers)  # what failed there fails here too, with its own traceback
    finally:
        for worker in workers:
            worker.end()


def process_count() -> int:
    """How many processes decode: one for each core that this one may use. Elsewhere than on Linux forking is not safe."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


class _Worker:
    """A process that decodes one chunk after the other.

    Args:
        job: what it decodes.
        others: those that were started before it.
    """

    def __init__(self, job: Job[Any], others: Sequence[_Worker]) -> None:
        context = get_context("fork")
        self._shape = job.shape
        self.pipe, there = context.Pipe()
        self.numbers = range(0)
        """The chunk it is at; empty: none."""
        inherited = [self.pipe, *(worker.pipe for worker in others)]
        self._process: ForkProcess = context.Process(target=_serve, args=(job, there, inherited), daemon=True)
        self._process.start()
        there.close()

    def begin(self, numbers: range | None) -> None:
        """Give it a chunk to decode; None: there is none left."""
        self.numbers = numbers or range(0)
        if numbers:
            try:
                self.pipe.send_bytes(json.dumps([numbers.start, numbers.stop]).encode())
            except OSError as error:
                raise self._lost() from error

    def receive(self) -> tuple[Chunk, np.ndarray] | None:
        """The chunk and its slots; None where ``job.decode`` raised what it should not."""
        try:
            said = json.loads(self.pipe.recv_bytes())
            if said is None:
                return None
            return Chunk.from_json(said), np.frombuffer(self.pipe.recv_bytes(), np.uint8).reshape(-1, *self._shape)
        except (EOFError, OSError) as error:
            raise self._lost() from error

    def end(self) -> None:
        """Stop it at once, whatever it is at."""
        self.pipe.close()
        self._process.kill()
        self._process.join()

    def _lost(self) -> GanzooError:
        self._process.join(1)
        return GanzooError(
            f"a process that decodes images was killed (exit code {self._process.exitcode}); "
            "if memory ran out, make some free; then start again: what is decoded already is kept"
        )


def _serve(job: Job[Any], pipe: connection.Connection, inherited: Sequence[connection.Connection]) -> None:
    """What a worker does, until the pipe to its parent closes: by its parent's hand, or its death."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent sees to it
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for other in inherited:  # as long as one is open anywhere, its worker would not notice
        other.close()
    try:
        while True:
            numbers = range(*json.loads(pipe.recv_bytes()))
            try:
                chunk, block = decode_chunk(job, numbers)
            except Exception:  # the parent will meet it too
                pipe.send_bytes(b"null")
                continue
            pipe.send_bytes(json.dumps(chunk.to_json()).encode())
            pipe.send_bytes(block.reshape(-1).data)
    except (EOFError, OSError):
        return


def decode_chunk(job: Job[Any], numbers: range) -> tuple[Chunk, np.ndarray]:
    """Decode one chunk: the chunk, and its slots (n, C, H, W); those of bad images are zeros."""
    block = np.zeros((len(numbers), *job.shape), np.uint8)
    bad: dict[int, str] = {}
    for slot, number in zip(block, numbers, strict=True):
        try:
            image = job.decode(job.items[number])
        except (BadImage, OSError) as reason:  # OSError: a file that cannot be opened
            bad[number] = str(reason)
            continue
        if image.shape != job.shape or image.dtype != np.uint8:
            raise TypeError(f"decode gives {image.dtype} {image.shape}, wanted uint8 {job.shape}")
        slot[...] = image
    return Chunk(numbers.start, checksums_of(block), bad), block


def checksums_of(slots: np.ndarray) -> list[int]:
    """The CRC-32 of each slot."""
    return [zlib.crc32(slot) for slot in slots]
