"""Decodes many images into one file: in chunks, on all cores, so that a killed process loses only the chunks it was at.

Two files grow side by side. The part file has a slot of C * H * W bytes for each item. The journal gets one line for each
chunk, with its checksum, after the chunk is on the disk; what it does not name, or no longer matches, is decoded again.
"""

from __future__ import annotations

import json
import math
import os
import threading
import zlib
from collections.abc import Callable, Generator, Iterable, Sequence
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


def build(job: Job[Any], part: Path, journal: Path, reporter: Reporter) -> dict[int, str]:
    """Fill ``part`` with the images that could be decoded, in order, without gaps, on the disk.

    Args:
        job: what to decode.
        part: gets the images; what a part file that exists holds is not done again.
        journal: says what the part file holds.
        reporter: shows progress.

    Returns:
        The items left out: number -> reason.
    """
    bad: dict[int, str] = {}
    with _opened(part) as images, _opened(journal) as log:
        images.truncate(len(job.items) * job.bytes_each)
        done = _read_journal(log, images, job)
        for reasons in done.values():
            bad |= reasons
        job.too_many(bad)
        todo = [chunk for chunk in job.chunks if chunk.start not in done]
        ready = len(job.items) - sum(len(chunk) for chunk in todo)
        with reporter.task("decode", len(job.items), done=ready, unit="images") as task, closing(_decode_chunks(job, todo)) as chunks:
            for chunk, block, reasons in chunks:
                images.seek(chunk.start * job.bytes_each)
                images.write(block)
                _to_disk(images)
                line = {"chunk": chunk.start, "crc32": zlib.crc32(block), "bad": {str(i): reason for i, reason in reasons.items()}}
                log.write(json.dumps(line).encode() + b"\n")
                _to_disk(log)
                task.advance(len(chunk))
                bad |= reasons
                job.too_many(bad)
        if bad:
            # From here on chunks no longer match the journal's checksums: killed now, they would be decoded again.
            _close_gaps(images, [i for i in range(len(job.items)) if i not in bad], job.bytes_each)
            _to_disk(images)
    return bad


def _opened(path: Path) -> IO[bytes]:
    path.touch()
    return path.open("r+b")


def _to_disk(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _read_journal(log: IO[bytes], images: IO[bytes], job: Job[Any]) -> dict[int, dict[int, str]]:
    """First item of each chunk that is done -> its bad items. Leaves ``log`` where the next line belongs."""
    chunks = {chunk.start: chunk for chunk in job.chunks}
    done: dict[int, dict[int, str]] = {}
    end = 0
    for line in log:
        if not line.endswith(b"\n"):
            break  # it was being written when the process was killed
        try:
            entry = json.loads(line)
            chunk = chunks[entry["chunk"]]
            crc32, bad = entry["crc32"], {int(i): str(reason) for i, reason in entry["bad"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            break
        end += len(line)
        images.seek(chunk.start * job.bytes_each)
        if zlib.crc32(images.read(len(chunk) * job.bytes_each)) == crc32:
            done[chunk.start] = bad
    log.seek(end)
    log.truncate()
    return done


def _decode_chunks(job: Job[Any], todo: Iterable[range]) -> Generator[tuple[range, bytes, dict[int, str]], None, None]:
    """Decode chunks on all cores; yield (chunk, its bytes, its bad items) in the order they finish."""
    stop = threading.Event()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    waiting = iter(todo)
    running: set[Future[tuple[range, bytes, dict[int, str]]]] = set()
    with ThreadPoolExecutor(cores, thread_name_prefix="decode") as pool:
        try:
            while True:
                # One chunk more than cores: the disk is written while all cores decode, and memory stays bounded.
                while len(running) <= cores and (chunk := next(waiting, None)) is not None:
                    running.add(pool.submit(_decode_chunk, job, chunk, stop))
                if not running:
                    return
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
        finally:
            stop.set()  # after Ctrl-C or an error, nobody waits for whole chunks


def _decode_chunk(job: Job[Any], chunk: range, stop: threading.Event) -> tuple[range, bytes, dict[int, str]]:
    block = np.zeros((len(chunk), *job.shape), np.uint8)
    bad: dict[int, str] = {}
    for slot, number in zip(block, chunk, strict=True):
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
    return chunk, block.tobytes(), bad


def _close_gaps(images: IO[bytes], kept: Sequence[int], bytes_each: int) -> None:
    for new, old in enumerate(kept):
        if new != old:
            images.seek(old * bytes_each)
            image = images.read(bytes_each)
            images.seek(new * bytes_each)
            images.write(image)
    images.flush()
    images.truncate(len(kept) * bytes_each)
