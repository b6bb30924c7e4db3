"""One entry of the image cache: what is on the disk, and whether it still is what was written.

It is two files: ``images-<key>.u8``, the pixels (N, C, H, W) and nothing else, and ``images-<key>.json``, a note that says what
they are and carries their sha256. The key is a hash of everything that the pixels depend on.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from .files import put_in_place, write_whole

JSON: TypeAlias = str | float | Sequence["JSON"] | Mapping[str, "JSON"] | None
"""What a JSON file can say (an int, bool included, passes for a float)."""
FORMAT = 1
"""Version of the two files. It is part of the key: other versions are not found rather than misread."""


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


class Damaged(Exception):
    """An entry is not what it was when it was written. The text says why, after the file's name."""


class Entry:
    """The files of one key.

    Args:
        folder: where they lie.
        key: everything that the pixels depend on besides the other arguments.
        count: number of items, bad ones included.
        shape: (C, H, W).
    """

    def __init__(self, folder: Path, key: Mapping[str, JSON], count: int, shape: tuple[int, int, int]) -> None:
        self.folder, self.count, self.shape = folder, count, shape
        self._key: dict[str, JSON] = {"format": FORMAT, "key": key, "count": count, "shape": shape}
        self._stem = f"images-{_hash(self._key)[:32]}"

    def path(self, suffix: str) -> Path:
        """The file of this entry with ``suffix``."""
        return self.folder / (self._stem + suffix)

    def read(self, verify: bool) -> CachedImages | None:
        """Open the entry; None where there is none.

        Args:
            verify: hash the pixels in any case.

        Raises:
            Damaged: where it is not what was written.
        """
        try:
            text = self.path(".json").read_bytes()
        except FileNotFoundError:
            return None
        try:
            note = json.loads(text)
            seal = note.pop("seal")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Damaged("has a note that cannot be read") from None
        if seal != _hash(note):
            raise Damaged("has a note that was changed")
        kept = np.delete(np.arange(self.count), [number for number, _, _ in note["bad"]])
        self._check_pixels(note, len(kept) * math.prod(self.shape), verify)
        images = np.memmap(self.path(".u8"), np.uint8, mode="r", shape=(len(kept), *self.shape))
        return CachedImages(images, kept, {name: reason for _, name, reason in note["bad"]}, note["sha256"])

    def _check_pixels(self, note: Mapping[str, Any], size: int, verify: bool) -> None:
        path = self.path(".u8")
        try:
            status = path.stat()
        except FileNotFoundError:
            raise Damaged("is missing") from None
        if status.st_size != size:
            raise Damaged(f"has {status.st_size} of {size} bytes")
        if verify or status.st_mtime_ns != note["mtime_ns"]:
            # Somebody wrote to it, or it was copied here: only its hash can tell.
            if _hash_file(path) != note["sha256"]:
                raise Damaged("does not match its sha256")
            with suppress(OSError):  # in a folder that is only readable the next run will hash again
                os.utime(path, ns=(note["mtime_ns"], note["mtime_ns"]))

    def write(self, part: Path, bad: Sequence[tuple[int, str, str]]) -> None:
        """Make the finished ``part`` the entry's pixels. The note comes last: without it there is no entry.

        Args:
            part: the pixels of the good items, in the same folder.
            bad: number, name and reason of each item left out.
        """
        self.path(".json").unlink(missing_ok=True)
        note = {"key": self._key, "bad": bad, "sha256": _hash_file(part), "mtime_ns": part.stat().st_mtime_ns}
        put_in_place(part, self.path(".u8"))
        write_whole(self.path(".json"), _canonical({**note, "seal": _hash(note)}))


def _canonical(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _hash(value: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical(value)).hexdigest()


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
