"""Decoded images: made once, kept in the folder of a ``ganzoo.Cache``, shared by all runs."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ganzoo import Cache, GanzooError, UserError
from ganzoo.data import CachedImages

from .decoding import Bad, Job, decode_missing
from .entry import Damaged, Entry
from .locking import locked

SPARE_BYTES = 64 << 20
"""Kept free on the disk beside the images."""

Item = TypeVar("Item")


def images(
    cache: Cache,
    key: Mapping[str, Any],
    items: Sequence[Item],
    decode: Callable[[Item], np.ndarray],
    shape: tuple[int, int, int],
    name: Callable[[Item], str],
    max_bad: float,
) -> CachedImages:
    """What ``Cache.images`` gives, with its arguments: the decoded images of ``items``, from the disk, or decoded now and kept there."""
    entry = Entry(cache.folder, key, len(items), shape)
    found = None
    try:
        found = entry.read()
    except Damaged as reason:
        cache.reporter.warn(f"the image cache {entry.path('.u8')} {reason}; decoding again")
    except OSError:
        pass  # making it will fail for the same reason, and say so
    if found is None:
        found = _make(cache, entry, Job(items, decode, shape, entry.path(".u8"), entry.path(".crc32")), name, max_bad)
    refuse_bad(found.bad, len(items), max_bad)
    if found.bad:
        cache.reporter.warn(f"{describe_bad(found.bad, len(items))}; left out (all of them are named in {entry.path('.json')})")
    return found


def _make(cache: Cache, entry: Entry, job: Job[Any], name: Callable[[Any], str], max_bad: float) -> CachedImages:
    """Decode what ``entry`` lacks, unless another process is at it: then wait, and take what it made."""

    def check(bad: Bad) -> None:
        refuse_bad({name(job.items[i]): bad[i] for i in sorted(bad)}, len(job.items), max_bad, seen="at least ")

    try:
        cache.folder.mkdir(parents=True, exist_ok=True)
        with locked(entry.path(".lock"), lambda: cache.reporter.say("waiting for another process that decodes the same images")):
            with suppress(Damaged):
                if found := entry.read():
                    return found
            entry.discard()
            check_space(job.path, len(job.items) * math.prod(job.shape))
            try:
                checksums, bad = decode_missing(job, cache.reporter, check)
            except UserError:  # repaired files get another key: nobody would come back for these
                job.path.unlink()
                job.journal.unlink()
                raise
            entry.finish(checksums, [(number, name(job.items[number]), bad[number]) for number in sorted(bad)])
            found = entry.read()
    except OSError as error:
        remedy = "make room there, or set GANZOO_CACHE to another folder"
        raise GanzooError(f"the image cache {cache.folder} cannot be written: {error.strerror or error}; {remedy}") from error
    if found is None:
        raise GanzooError(f"the image cache {job.path} was removed while it was made; start again")
    return found


def check_space(pixels: Path, size: int) -> None:
    """Raise a GanzooError where the disk has no room for ``pixels`` to grow to ``size`` bytes."""
    written = pixels.stat().st_blocks * 512 if pixels.exists() else 0
    needed, free = size - written + SPARE_BYTES, shutil.disk_usage(pixels.parent).free
    if needed > free:
        raise GanzooError(
            f"the image cache {pixels.parent} needs {needed / 1e9:.2f} GB, and {free / 1e9:.2f} GB are free; "
            "make room there, set GANZOO_CACHE to another folder, or choose a smaller data.size"
        )


def refuse_bad(bad: Mapping[str, str], count: int, max_bad: float, seen: str = "") -> None:
    """Raise a UserError where more than the fraction ``max_bad`` of ``count`` images is bad, or all are."""
    if len(bad) > max_bad * count or len(bad) == count:
        raise UserError(seen + describe_bad(bad, count), f"repair or remove them (data.max_bad allows {max_bad:.1%})", key="data.root")


def describe_bad(bad: Mapping[str, str], count: int) -> str:
    """In words: how many cannot be read, the first few with the reason."""
    few = [f"{printable(name)} ({printable(reason)})" for name, reason in list(bad.items())[:3]]
    more = [f"{len(bad) - len(few)} more"] if len(bad) > len(few) else []
    return f"{len(bad)} of {count} images cannot be read: {', '.join(few + more)}"


def printable(text: str) -> str:
    """``text`` with line breaks, terminal codes and what is not UTF-8 escaped: files may be called anything."""
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
