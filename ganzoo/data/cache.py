"""Decoded images on the disk: decoded once, then read as one memory-mapped array.

An entry is two files: ``images-<key>.u8``, the pixels (N, C, H, W) and nothing else, and ``images-<key>.json``, which says what
they are and carries their sha256. The key is a hash of everything that the pixels depend on.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np

from ganzoo.errors import GanzooError, UserError
from ganzoo.progress import Reporter

from .build import Job, build
from .files import locked, put_in_place, write_whole

FORMAT = 1
"""Version of the two files. It is part of the key: other versions are not found rather than misread."""
SPARE_BYTES = 64 << 20
"""Kept free on the disk beside the images."""

JSON: TypeAlias = str | float | Sequence["JSON"] | Mapping[str, "JSON"] | None
"""What a JSON file can say (an int, bool included, passes for a float)."""
Item = TypeVar("Item")


@dataclass(frozen=True)
class CachedImages:
    """What the cache holds of one data set.

    Args:
        images: uint8 (N, C, H, W), read-only, on the disk.
        kept: (N,) int64, the item that each image was made from.
        bad: the items left out: name -> reason.
        sha256: of the pixels, in hexadecimal.
    """

    images: np.ndarray
    kept: np.ndarray
    bad: Mapping[str, str]
    sha256: str


class Cache:
    """A folder of decoded images that all runs share. Safe with several processes at once.

    Args:
        folder: where; None: ``$GANZOO_CACHE``, else ``$XDG_CACHE_HOME/ganzoo``, else ``~/.cache/ganzoo``.
        reporter: shows progress; None: warnings only.
        verify: hash the pixels whenever they are opened, not only when their file's size or time looks wrong.
    """

    def __init__(self, folder: Path | None = None, reporter: Reporter | None = None, *, verify: bool = False) -> None:
        self.folder = default_folder() if folder is None else folder
        self.reporter = Reporter(sys.stderr) if reporter is None else reporter
        self.verify = verify

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
            key: everything that the pixels depend on besides ``shape`` and the number of items: data set, files with size and
                time (``files.stamp``), crop, version of the decoder.
            items: one for each image.
            decode: makes uint8 (C, H, W) of an item, or raises ``images.BadImage``. Called from several threads at once.
            shape: (C, H, W).
            name: what an item is called in messages.
            max_bad: fraction of the items that may be bad; they are left out and named.

        Raises:
            UserError: where more are bad, or all are.
            GanzooError: where the disk is full, or the folder cannot be written.
        """
        entry = _Entry(self.folder, {"format": FORMAT, "key": key, "count": len(items), "shape": shape}, len(items), shape)
        found = self._look(entry) or self._make(entry, items, decode, name, max_bad)
        refuse_bad(found.bad, len(items), max_bad)
        if found.bad:
            self.reporter.warn(f"{describe_bad(found.bad, len(items))}; left out (all of them are named in {entry.path('.json')})")
        return found

    def _look(self, entry: _Entry) -> CachedImages | None:
        try:
            return entry.read(self.verify)
        except _Damaged as reason:
            self.reporter.warn(f"the image cache {entry.path('.u8')} {reason}; decoding again")
            return None

    def _make(
        self, entry: _Entry, items: Sequence[Item], decode: Callable[[Item], np.ndarray], name: Callable[[Item], str], max_bad: float
    ) -> CachedImages:
        """Decode what ``entry`` lacks, unless another process is at it: then wait, and take what it made."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with locked(entry.path(".lock"), lambda: self.reporter.say("waiting for another process that decodes the same images")):
                return self._look(entry) or self._build(entry, items, decode, name, max_bad)
        except OSError as error:
            remedy = "make room there, or set GANZOO_CACHE to another folder"
            raise GanzooError(f"the image cache {self.folder} cannot be written: {error.strerror or error}; {remedy}") from error

    def _build(
        self, entry: _Entry, items: Sequence[Item], decode: Callable[[Item], np.ndarray], name: Callable[[Item], str], max_bad: float
    ) -> CachedImages:
        def too_many(bad: dict[int, str]) -> None:
            refuse_bad({name(items[i]): bad[i] for i in sorted(bad)}, len(items), max_bad, seen="at least ")

        part, journal = entry.path(".part"), entry.path(".journal")
        check_space(part, len(items) * math.prod(entry.shape))
        try:
            bad = build(Job(items, decode, entry.shape, too_many), part, journal, self.reporter)
        except UserError:
            part.unlink()  # repaired files get another key: nobody would come back for these
            journal.unlink()
            raise
        entry.write(part, [(i, name(items[i]), bad[i]) for i in sorted(bad)])
        journal.unlink()
        found = entry.read(verify=False)
        if found is None:
            raise GanzooError(f"the image cache {entry.path('.u8')} was removed while it was made; start again")
        return found


def default_folder() -> Path:
    """``$GANZOO_CACHE``, else ``$XDG_CACHE_HOME/ganzoo``, else ``~/.cache/ganzoo``."""
    if own := os.environ.get("GANZOO_CACHE"):
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "ganzoo"


def check_space(part: Path, size: int) -> None:
    """Raise a GanzooError where the disk has no room for ``part`` to grow to ``size`` bytes."""
    written = part.stat().st_blocks * 512 if part.exists() else 0
    needed, free = size - written + SPARE_BYTES, shutil.disk_usage(part.parent).free
    if needed > free:
        raise GanzooError(
            f"the image cache {part.parent} needs {needed / 1e9:.2f} GB, and {free / 1e9:.2f} GB are free; "
            "make room there, set GANZOO_CACHE to another folder, or choose a smaller data.size"
        )


def refuse_bad(bad: Mapping[str, str], count: int, max_bad: float, seen: str = "") -> None:
    """Raise a UserError where more than the fraction ``max_bad`` of ``count`` images is bad, or all are."""
    if len(bad) > max_bad * count or len(bad) == count:
        raise UserError(seen + describe_bad(bad, count), f"repair or remove them (data.max_bad allows {max_bad:.1%})", key="data.root")


def describe_bad(bad: Mapping[str, str], count: int) -> str:
    """In words: how many cannot be read, the first few with the reason."""
    few = [f"{name} ({reason})" for name, reason in list(bad.items())[:3]]
    more = [f"{len(bad) - len(few)} more"] if len(bad) > len(few) else []
    return f"{len(bad)} of {count} images cannot be read: {', '.join(few + more)}"


class _Damaged(Exception):
    """An entry is not what it was when it was written. The text says why, after the file's name."""


class _Entry:
    """The files of one key."""

    def __init__(self, folder: Path, key: Mapping[str, Any], count: int, shape: tuple[int, int, int]) -> None:
        self.folder, self.key, self.count, self.shape = folder, key, count, shape
        self._stem = f"images-{_hash(key)[:32]}"

    def path(self, suffix: str) -> Path:
        return self.folder / (self._stem + suffix)

    def read(self, verify: bool) -> CachedImages | None:
        """The entry; None where it was never made. Raises _Damaged."""
        try:
            text = self.path(".json").read_bytes()
        except FileNotFoundError:
            return None
        try:
            note = json.loads(text)
            seal = note.pop("seal")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise _Damaged("has a note that cannot be read") from None
        if seal != _hash(note):
            raise _Damaged("has a note that was changed")
        kept = np.delete(np.arange(self.count), [number for number, _, _ in note["bad"]])
        self._check_pixels(note, len(kept) * math.prod(self.shape), verify)
        images = np.memmap(self.path(".u8"), np.uint8, mode="r", shape=(len(kept), *self.shape))
        return CachedImages(images, kept, {name: reason for _, name, reason in note["bad"]}, note["sha256"])

    def _check_pixels(self, note: Mapping[str, Any], size: int, verify: bool) -> None:
        path = self.path(".u8")
        try:
            status = path.stat()
        except FileNotFoundError:
            raise _Damaged("is missing") from None
        if status.st_size != size:
            raise _Damaged(f"has {status.st_size} of {size} bytes")
        if verify or status.st_mtime_ns != note["mtime_ns"]:
            # Somebody wrote to it, or it was copied here: only its hash can tell.
            if _hash_file(path) != note["sha256"]:
                raise _Damaged("does not match its sha256")
            with suppress(OSError):  # in a folder that is only readable the next run will hash again
                os.utime(path, ns=(note["mtime_ns"], note["mtime_ns"]))

    def write(self, part: Path, bad: Sequence[tuple[int, str, str]]) -> None:
        """Make the finished ``part`` the entry's pixels. The note comes last: without it there is no entry."""
        self.path(".json").unlink(missing_ok=True)
        note = {"key": self.key, "bad": bad, "sha256": _hash_file(part), "mtime_ns": part.stat().st_mtime_ns}
        put_in_place(part, self.path(".u8"))
        write_whole(self.path(".json"), _canonical({**note, "seal": _hash(note)}))


def _canonical(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _hash(value: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical(value)).hexdigest()


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
