"""Decoded images: made once, kept on the disk, shared by all runs."""

from __future__ import annotations

import fcntl
import math
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ganzoo.errors import GanzooError, UserError
from ganzoo.ui.progress import Reporter

from .decoding import Bad, Job, decode_missing
from .entry import JSON, CachedImages, Damaged, Entry

SPARE_BYTES = 64 << 20
"""Kept free on the disk beside the images."""

Item = TypeVar("Item")


class Cache:
    """A folder of decoded images that all runs share. Safe with several processes at once.

    Args:
        folder: where; None: ``$GANZOO_CACHE``, else ``$XDG_CACHE_HOME/ganzoo``, else ``~/.cache/ganzoo``.
        reporter: shows progress; None: warnings only.
    """

    def __init__(self, folder: Path | None = None, reporter: Reporter | None = None) -> None:
        self.folder = default_folder() if folder is None else folder
        self.reporter = Reporter(sys.stderr) if reporter is None else reporter

    def images(
        self,
        key: Mapping[str, JSON],
        items: Sequence[Item],
        decode: Callable[[Item], np.ndarray],
        shape: tuple[int, int, int],
        *,
        name: Callable[[Item], str] = str,
        max_bad: float = 0.0,
    ) -> CachedImages:
        """The decoded images of ``items``: from the disk, or decoded now and kept there.

        Args:
            key: everything that the pixels depend on besides ``shape`` and the number of items: data set, files (by content: names,
                sizes and times tell nothing of it), crop, version of the decoder.
            items: one for each image.
            decode: makes uint8 (C, H, W) of an item, or raises ``BadImage``. Called in several processes at once.
            shape: (C, H, W).
            name: what an item is called in messages.
            max_bad: fraction of the items that may be bad; they are left out and named.

        Raises:
            UserError: where more are bad, or all are.
            GanzooError: where the disk is full, or the folder cannot be written.
        """
        entry = Entry(self.folder, key, len(items), shape)
        found = None
        try:
            found = entry.read()
        except Damaged as reason:
            self.reporter.warn(f"the image cache {entry.path('.u8')} {reason}; decoding again")
        except OSError:
            pass  # making it will fail for the same reason, and say so
        if found is None:
            found = self._make(entry, Job(items, decode, shape, entry.path(".u8"), entry.path(".crc32")), name, max_bad)
        refuse_bad(found.bad, len(items), max_bad)
        if found.bad:
            self.reporter.warn(f"{describe_bad(found.bad, len(items))}; left out (all of them are named in {entry.path('.json')})")
        return found

    def _make(self, entry: Entry, job: Job[Any], name: Callable[[Any], str], max_bad: float) -> CachedImages:
        """Decode what ``entry`` lacks, unless another process is at it: then wait, and take what it made."""

        def check(bad: Bad) -> None:
            refuse_bad({name(job.items[i]): bad[i] for i in sorted(bad)}, len(job.items), max_bad, seen="at least ")

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with locked(entry.path(".lock"), lambda: self.reporter.say("waiting for another process that decodes the same images")):
                with suppress(Damaged):
                    if found := entry.read():
                        return found
                entry.discard()
                check_space(job.path, len(job.items) * math.prod(job.shape))
                try:
                    checksums, bad = decode_missing(job, self.reporter, check)
                except UserError:  # repaired files get another key: nobody would come back for these
                    job.path.unlink()
                    job.journal.unlink()
                    raise
                entry.finish(checksums, [(number, name(job.items[number]), bad[number]) for number in sorted(bad)])
                found = entry.read()
        except OSError as error:
            remedy = "make room there, or set GANZOO_CACHE to another folder"
            raise GanzooError(f"the image cache {self.folder} cannot be written: {error.strerror or error}; {remedy}") from error
        if found is None:
            raise GanzooError(f"the image cache {job.path} was removed while it was made; start again")
        return found


@contextmanager
def locked(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock file ``path`` against other processes; the lock falls with the process, however that ends.

    The file stays behind: removing it would let two processes lock two different files of one name.

    Args:
        path: the lock file; made if missing.
        waiting: called once where another process holds it, before waiting for it.
    """
    with path.open("ab") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # POSIX allows EAGAIN and EACCES
            waiting()
            fcntl.lockf(file, fcntl.LOCK_EX)
        yield


def default_folder() -> Path:
    """``$GANZOO_CACHE``, else ``$XDG_CACHE_HOME/ganzoo``, else ``~/.cache/ganzoo``."""
    if own := os.environ.get("GANZOO_CACHE"):
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "ganzoo"


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
