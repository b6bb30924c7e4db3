"""One entry of the image cache: what is on the disk, and whether it still is what was written.

It is three files: ``images-<key>.u8``, the pixels, a place of C * H * W bytes for each item; ``images-<key>.crc32``, the CRC-32 of
each image; and ``images-<key>.json``, a note that is written last, sealed by a hash of itself and of the checksums. The key is a
hash of everything that the pixels depend on. Without its note an entry is unfinished: what matches its checksum need not be
decoded again. Nothing damaged is ever used, and nothing needs to read gigabytes to know it: each image is checked when it is
first read.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.data import CachedImages
from ganzoo.rundir import write_atomically

from .decoding import CHECKSUM
from .disk_images import DiskImages

FORMAT = 4
"""Version of the files. It is part of the key: other versions are not found rather than misread."""


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

    def __init__(self, folder: Path, key: Mapping[str, Any], count: int, shape: tuple[int, int, int]) -> None:
        self.folder, self.count, self.shape = folder, count, shape
        self._key: dict[str, Any] = {"format": FORMAT, "key": key, "count": count, "shape": shape}
        self._stem = f"images-{_hash(self._key)[:32]}"

    def path(self, suffix: str) -> Path:
        """The file of this entry with ``suffix``."""
        return self.folder / (self._stem + suffix)

    def read(self) -> CachedImages | None:
        """Open the entry; None where there is none, or an unfinished one.

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
        try:
            checksums, size = np.fromfile(self.path(".crc32"), CHECKSUM), self.path(".u8").stat().st_size
        except FileNotFoundError as error:
            raise Damaged(f"lacks {Path(error.filename).name}") from None
        if seal != _hash(note, checksums):
            raise Damaged("has a note or checksums that were changed")
        if size != (wanted := self.count * math.prod(self.shape)):
            raise Damaged(f"has {size} of {wanted} bytes")
        kept = np.delete(np.arange(self.count), [number for number, _, _ in note["bad"]])
        images = DiskImages(self.path(".u8"), (len(kept), *self.shape), checksums[kept], self.discard, places=kept)
        return CachedImages(images, kept, {name: reason for _, name, reason in note["bad"]})

    def discard(self) -> None:
        """Take the entry out of use: what is not damaged of it is found again when it is made again."""
        with suppress(OSError):
            self.path(".json").unlink()

    def finish(self, checksums: np.ndarray, bad: Sequence[tuple[int, str, str]]) -> None:
        """Write the note, once pixels and checksums are on the disk.

        Args:
            checksums: (N,), the CRC-32 of each item.
            bad: number, name and reason of the items left out.
        """
        note: dict[str, Any] = {"key": self._key, "bad": bad}
        write_atomically(self.path(".json"), _canonical({**note, "seal": _hash(note, checksums)}))


def _canonical(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _hash(value: Mapping[str, Any], checksums: np.ndarray | None = None) -> str:
    return hashlib.sha256(_canonical(value) + (b"" if checksums is None else checksums.tobytes())).hexdigest()
