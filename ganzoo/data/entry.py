"""One entry of the image cache: what is on the disk, and whether it still is what was written.

It is three files: ``images-<key>.u8``, the pixels (N, C, H, W) and nothing else; ``images-<key>.crc32``, a checksum for each image
(N,); and ``images-<key>.json``, a note that says what they are. The key is a hash of everything that the pixels depend on.

Nothing damaged is ever used, and nothing needs to read gigabytes to know it. The note is sealed by its own hash and carries that
of the checksums. Each image is checked against its checksum when it is first read. When the entry is opened, the file's size and
time tell whether anybody wrote to it since; then all images are checked at once.
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
from .rows import DiskImages, Rows

JSON: TypeAlias = str | float | Sequence["JSON"] | Mapping[str, "JSON"] | None
"""What a JSON file can say (an int, bool included, passes for a float)."""
FORMAT = 2
"""Version of the files. It is part of the key: other versions are not found rather than misread."""

CHECKSUM = np.dtype("<u4")
"""How a CRC-32 is written: four bytes, the lowest first, on every machine."""


@dataclass(frozen=True)
class CachedImages:
    """What the cache holds of one data set.

    Args:
        images: uint8 (N, C, H, W), on the disk; ``images[...]`` reads.
        kept: (N,) int64, the item that each image was made from.
        bad: the items left out: name -> reason.
        sha256: of the images' checksums, in hexadecimal: it tells these pixels from others.
    """

    images: Rows
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
            verify: check all pixels in any case.

        Raises:
            Damaged: where it is not what was written.
        """
        try:
            note = self._read_note()
            if note is None:
                return None
            checksums = self.path(".crc32").read_bytes()
            if hashlib.sha256(checksums).hexdigest() != note["sha256"]:
                raise Damaged("has checksums that were changed")
            kept = np.delete(np.arange(self.count), [number for number, _, _ in note["bad"]])
            shape = (len(kept), *self.shape)
            status = self.path(".u8").stat()
            if status.st_size != math.prod(shape):
                raise Damaged(f"has {status.st_size} of {math.prod(shape)} bytes")
            images = DiskImages(self.path(".u8"), shape, np.frombuffer(checksums, CHECKSUM), self.discard)
        except FileNotFoundError as error:
            raise Damaged(f"lacks {Path(error.filename).name}") from None
        if verify or status.st_mtime_ns != note["mtime_ns"]:
            # Somebody wrote to it, or it was copied here: only the checksums can tell.
            if not images.verify():
                raise Damaged("does not match its checksums")
            with suppress(OSError):  # in a folder that is only readable the next run will check again
                os.utime(images.path, ns=(note["mtime_ns"], note["mtime_ns"]))
        return CachedImages(images, kept, {name: reason for _, name, reason in note["bad"]}, note["sha256"])

    def _read_note(self) -> dict[str, Any] | None:
        try:
            text = self.path(".json").read_bytes()
        except FileNotFoundError:
            return None
        try:
            note: dict[str, Any] = json.loads(text)
            seal = note.pop("seal")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Damaged("has a note that cannot be read") from None
        if seal != _hash(note):
            raise Damaged("has a note that was changed")
        return note

    def discard(self) -> None:
        """Take the entry out of use: without its note there is none."""
        with suppress(OSError):
            self.path(".json").unlink()

    def write(self, part: Path, checksums: np.ndarray, bad: Sequence[tuple[int, str, str]]) -> None:
        """Make the finished ``part`` the entry's pixels. The note comes last: without it there is no entry.

        Args:
            part: the pixels of the good items, in the same folder.
            checksums: (N,), the CRC-32 of each of them.
            bad: number, name and reason of each item left out.
        """
        self.path(".json").unlink(missing_ok=True)
        content = checksums.astype(CHECKSUM).tobytes()
        note = {"key": self._key, "bad": bad, "sha256": hashlib.sha256(content).hexdigest(), "mtime_ns": part.stat().st_mtime_ns}
        write_whole(self.path(".crc32"), content)
        put_in_place(part, self.path(".u8"))
        write_whole(self.path(".json"), _canonical({**note, "seal": _hash(note)}))


def _canonical(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _hash(value: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical(value)).hexdigest()
