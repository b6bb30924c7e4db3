"""One entry of the image cache: what is on the disk, and whether it still is what was written.

It is two files: ``images-<key>.u8``, the pixels, a place of C * H * W bytes for each item; and ``images-<key>.json``, a note with the
CRC-32 of each image, sealed by its own hash. The key is a hash of everything that the pixels depend on. Nothing damaged is ever
used, and nothing needs to read gigabytes to know it: each image is checked against its checksum when it is first read.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from .decoding import CHECKSUM, Bad
from .files import put_in_place, write_whole
from .rows import DiskImages, Rows

JSON: TypeAlias = str | float | Sequence["JSON"] | Mapping[str, "JSON"] | None
"""What a JSON file can say (an int, bool included, passes for a float)."""
FORMAT = 3
"""Version of the files. It is part of the key: other versions are not found rather than misread."""


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

    def read(self) -> CachedImages | None:
        """Open the entry; None where there is none.

        Raises:
            Damaged: where it is not what was written.
        """
        try:
            note: dict[str, Any] = json.loads(self.path(".json").read_bytes())
            seal = note.pop("seal")
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Damaged("has a note that cannot be read") from None
        if seal != _hash(note):
            raise Damaged("has a note that was changed")
        try:
            size, wanted = self.path(".u8").stat().st_size, self.count * math.prod(self.shape)
        except FileNotFoundError:
            raise Damaged(f"lacks {self.path('.u8').name}") from None
        if size != wanted:
            raise Damaged(f"has {size} of {wanted} bytes")
        kept = np.delete(np.arange(self.count), [number for number, _, _ in note["bad"]])
        checksums = np.frombuffer(bytes.fromhex(note["crc32"]), CHECKSUM)[kept]
        images = DiskImages(self.path(".u8"), (len(kept), *self.shape), checksums, self.discard, places=kept)
        return CachedImages(
            images, kept, {name: reason for _, name, reason in note["bad"]}, hashlib.sha256(checksums.tobytes()).hexdigest()
        )

    def discard(self) -> None:
        """Take the entry out of use: without its note there is none."""
        with suppress(OSError):
            self.path(".json").unlink()

    def write(self, part: Path, checksums: np.ndarray, bad: Bad, names: Mapping[int, str]) -> None:
        """Make the finished ``part``, in the same folder, the entry's pixels. The note comes last: without it there is no entry.

        Args:
            part: the pixels.
            checksums: (N,), the CRC-32 of each item.
            bad: the items left out.
            names: what they are called.
        """
        self.path(".json").unlink(missing_ok=True)
        put_in_place(part, self.path(".u8"))
        listed = [(number, names[number], bad[number]) for number in sorted(bad)]
        note: dict[str, JSON] = {"key": self._key, "bad": listed, "crc32": checksums.astype(CHECKSUM).tobytes().hex()}
        write_whole(self.path(".json"), _canonical({**note, "seal": _hash(note)}))


def _canonical(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _hash(value: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical(value)).hexdigest()
