"""Decodes many images into one file: in chunks, on all cores, so that a killed process loses only the chunks it was at.

Two files grow side by side. The part file has a slot of C * H * W bytes for each item. The journal gets one line for each
chunk, with the CRC-32 of each of its slots, after the chunk is on the disk; what it does not name, or no longer matches, is
decoded again.
"""

from __future__ import annotations

import json
import math
import os
import threading
import zlib
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Generic, TypeVar

import numpy as np

from ganzoo.progress import Reporter

from .images import BadImage

CHUNK_IMAGES = 256
CHUNK_BYTES = 1 << 23

Item = TypeVar("Item")


@dataclass(frozen=True)
class Job(Generic[Item]):
    """What is to be decoded.

    Args:
        items: one for each image.
        decode: makes uint8 (C, H, W) of an item, or raises ``BadImage``. Called from several threads at once.
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


def build(job: Job[Any], part: Path, journal: Path, reporter: Reporter) -> tuple[np.ndarray, dict[int, str]]:
    """Fill ``part`` with the images that could be decoded, in order, without gaps, on the disk.

    Args:
        job: what to decode.
        part: gets the images; what a part file that exists holds is not done again.
        journal: says what the part file holds.
        reporter: shows progress.

    Returns:
        The CRC-32 of each image in ``part``, (N,) uint32, and the items left out: number -> reason.
    """
    bad: dict[int, str] = {}
    checksums = np.zeros(len(job.items), np.uint32)

    def note(chunk: Chunk) -> None:
        checksums[chunk.start : chunk.start + len(chunk.checksums)] = chunk.checksums
        bad.update(chunk.bad)

    with _opened(part) as images, _opened(journal) as log:
        images.truncate(len(job.items) * job.bytes_each)
        done = _read_journal(log, images, job)
        for chunk in done.values():
            note(chunk)
        job.too_many(bad)
        todo = [numbers for numbers in job.chunks if numbers.start not in done]
        ready = len(job.items) - sum(map(len, todo))
        with reporter.task("decode", len(job.items), done=ready, unit="images") as task, closing(_decode_chunks(job, todo)) as chunks:
            for chunk, block in chunks:
                images.seek(chunk.start * job.bytes_each)
                images.write(block.data)
                _to_disk(images)
                log.write(json.dumps(chunk.to_json()).encode() + b"\n")
                _to_disk(log)
                task.advance(len(block))
                note(chunk)
                job.too_many(bad)
        kept = [number for number in range(len(job.items)) if number not in bad]
        if bad:
            # From here on chunks no longer match the journal's checksums: killed now, they would be decoded again.
            _close_gaps(images, kept, job.bytes_each)
            _to_disk(images)
    return checksums[kept], bad


def _opened(path: Path) -> IO[bytes]:
    path.touch()
    return path.open("r+b")


def _to_disk(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _read_journal(log: IO[bytes], images: IO[bytes], job: Job[Any]) -> dict[int, Chunk]:
    """First item of each chunk that is done -> the chunk. Leaves ``log`` where the next line belongs."""
    lengths = {numbers.start: len(numbers) for numbers in job.chunks}
    done: dict[int, Chunk] = {}
    end = 0
    for line in log:
        if not line.endswith(b"\n"):
            break  # it was being written when the process was killed
        try:
            chunk = Chunk.from_json(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError):
            break
        if lengths.get(chunk.start) != len(chunk.checksums):
            break
        end += len(line)
        images.seek(chunk.start * job.bytes_each)
        block = images.read(len(chunk.checksums) * job.bytes_each)
        if _checksums(np.frombuffer(block, np.uint8).reshape(-1, job.bytes_each)) == chunk.checksums:
            done[chunk.start] = chunk
    log.seek(end)
    log.truncate()
    return done


def _checksums(slots: np.ndarray) -> list[int]:
    return [zlib.crc32(slot) for slot in slots]


def _decode_chunks(job: Job[Any], todo: Iterable[range]) -> Generator[tuple[Chunk, np.ndarray], None, None]:
    """Decode chunks on all cores; yield each with its slots (n, C, H, W), in the order they finish."""
    stop = threading.Event()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    waiting = iter(todo)
    running: set[Future[tuple[Chunk, np.ndarray]]] = set()
    with ThreadPoolExecutor(cores, thread_name_prefix="decode") as pool:
        try:
            while True:
                # One chunk more than cores: the disk is written while all cores decode, and memory stays bounded.
                while len(running) <= cores and (numbers := next(waiting, None)) is not None:
                    running.add(pool.submit(_decode_chunk, job, numbers, stop))
                if not running:
                    return
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
        finally:
            stop.set()  # after Ctrl-C or an error, nobody waits for whole chunks


def _decode_chunk(job: Job[Any], numbers: range, stop: threading.Event) -> tuple[Chunk, np.ndarray]:
    block = np.zeros((len(numbers), *job.shape), np.uint8)
    bad: dict[int, str] = {}
    for slot, number in zip(block, numbers, strict=True):
        if stop.is_set():
            break
        try:
            image = job.decode(job.items[number])
        except (BadImage, OSError) as reason:  # OSError: a file that cannot be opened
            bad[number] = str(reason)
            continue
        if image.shape != job.shape or image.dtype != np.uint8:
            raise TypeError(f"decode gives {image.dtype} {image.shape}, wanted uint8 {job.shape}")
        slot[...] = image
    return Chunk(numbers.start, _checksums(block), bad), block


def _close_gaps(images: IO[bytes], kept: Sequence[int], bytes_each: int) -> None:
    for new, old in enumerate(kept):
        if new != old:
            images.seek(old * bytes_each)
            image = images.read(bytes_each)
            images.seek(new * bytes_each)
            images.write(image)
    images.flush()
    images.truncate(len(kept) * bytes_each)
