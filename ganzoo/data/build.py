"""Decodes many images into one file, in chunks, so that a killed process loses only the chunks it was at.

Two files grow side by side. The part file has a slot of C * H * W bytes for each item. The journal gets one line for each
chunk, with the CRC-32 of each of its slots, after the chunk is on the disk; what it does not name, or no longer matches, is
decoded again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import IO, Any

import numpy as np

from ganzoo.ui.progress import Reporter

from .decoding import Chunk, Job, checksums_of, decode_chunks


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
        with reporter.task("decode", len(job.items), done=ready, unit="images") as task, closing(decode_chunks(job, todo)) as chunks:
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
        if checksums_of(np.frombuffer(block, np.uint8).reshape(-1, job.bytes_each)) == chunk.checksums:
            done[chunk.start] = chunk
    log.seek(end)
    log.truncate()
    return done


def _close_gaps(images: IO[bytes], kept: Sequence[int], bytes_each: int) -> None:
    for new, old in enumerate(kept):
        if new != old:
            images.seek(old * bytes_each)
            image = images.read(bytes_each)
            images.seek(new * bytes_each)
            images.write(image)
    images.flush()
    images.truncate(len(kept) * bytes_each)
