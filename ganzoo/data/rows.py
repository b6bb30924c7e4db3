"""What data sets give and batches read: rows of one shape, picked by number.

An ndarray is one. Images on the disk are another: they hold no memory, and each is checked when it is first read.
"""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ganzoo.errors import GanzooError

CHUNK_BYTES = 1 << 24
"""How much is read at a time where everything is."""


class Rows(Protocol):
    """N rows of one shape and type. ``rows[numbers]``, ``rows[10:20]`` and ``rows[3]`` are ndarrays."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, ...)."""

    @property
    def dtype(self) -> np.dtype:
        """Type of every element: uint8 for images, float32, or int64 for labels."""

    @property
    def nbytes(self) -> int:
        """Length of all rows in bytes."""

    def __len__(self) -> int: ...

    def __getitem__(self, picked: Any, /) -> Any: ...


def rows_of_a_chunk(array: Rows) -> int:
    """How many rows are read at a time where all are."""
    return max(1, CHUNK_BYTES // max(1, array.nbytes // max(1, len(array))))


class DiskImages:
    """Images in a file of nothing but images, each checked against its checksum when it is first read.

    They are read by position, not mapped into memory. A mapped file that the disk cannot deliver, or that somebody cuts short,
    ends the process by SIGBUS, without a word; here it is an error. Memory stays at what the batches take, however large the
    file is. And the interpreter is free while the disk works, so that a background thread can read ahead.

    Args:
        path: the file.
        shape: (N, C, H, W).
        checksums: (N,) uint32, the CRC-32 of each image.
        discard: takes the file out of use; called where it turns out to be damaged.
        places: (N,) where each lies in the file, counted in images; None: one after the other.
    """

    dtype = np.dtype(np.uint8)

    def __init__(
        self,
        path: Path,
        shape: tuple[int, int, int, int],
        checksums: np.ndarray,
        discard: Callable[[], None] = lambda: None,
        places: np.ndarray | None = None,
    ) -> None:
        self.path, self.shape = path, shape
        self._file = path.open("rb", buffering=0)  # closed with the last reference to it
        self.checksums, self._discard, self._places = checksums, discard, places
        self._checked = np.zeros(len(checksums), bool)

    @property
    def nbytes(self) -> int:
        """Length of all images in bytes."""
        return len(self) * self._bytes_each

    @property
    def _bytes_each(self) -> int:
        return math.prod(self.shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, picked: Any) -> np.ndarray:
        """As of an ndarray: a number, a slice, an array of numbers or of N booleans, or a tuple that begins with one of them.

        Raises:
            GanzooError: where an image is not what was written, or the disk does not deliver.
        """
        first, *rest = picked if isinstance(picked, tuple) else (picked,)
        rows = row_numbers(first, len(self))
        images = self._read(rows.reshape(-1))
        return images[(slice(None), *rest)] if rows.ndim else images[(0, *rest)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """All of them, in memory."""
        return self[:] if dtype is None else self[:].astype(dtype)

    def _read(self, rows: np.ndarray) -> np.ndarray:
        """The images at ``rows`` (n,), checked."""
        try:
            images = self._fill(rows)
        except OSError as error:
            raise GanzooError(f"the image cache {self.path} cannot be read: {error.strerror or error}; look after the disk") from error
        damaged = self._find_damage(rows, images)
        if damaged is not None:
            self._discard()
            raise GanzooError(
                f"the image cache {self.path} is damaged (image {damaged} does not match its checksum) and is no longer used; "
                "start again, with --resume where a run was under way, and its images are decoded anew"
            )
        return images

    def _fill(self, rows: np.ndarray) -> np.ndarray:
        """The images at ``rows`` (n,) as they are on the disk; zeros where the file ends too early."""
        images = np.zeros((len(rows), *self.shape[1:]), np.uint8)
        places = rows if self._places is None else self._places[rows]
        together = len(rows) > 1 and bool((np.diff(places) == 1).all())  # neighbours are read at once
        for place, image in [(places[0], images)] if together else zip(places.tolist(), images, strict=True):
            view, offset = image.reshape(-1).data, int(place) * self._bytes_each
            while len(view) and (got := os.preadv(self._file.fileno(), [view], offset)):
                view, offset = view[got:], offset + got
        return images

    def _find_damage(self, rows: np.ndarray, images: np.ndarray) -> int | None:
        """The first of ``rows`` whose image does not match its checksum, among those that were never checked."""
        unchecked = np.flatnonzero(~self._checked[rows])
        for i, crc32 in zip(unchecked.tolist(), self.checksums[rows[unchecked]].tolist(), strict=True):
            if zlib.crc32(images[i]) != crc32:
                return int(rows[i])
        self._checked[rows] = True
        return None


def row_numbers(picked: Any, count: int) -> np.ndarray:
    """What is picked of ``count`` rows, as numbers from 0 on: (n,), or () for a single one.

    Raises:
        IndexError: where one does not exist.
    """
    if isinstance(picked, slice):
        return np.arange(count)[picked]
    rows = np.asarray(picked)
    if rows.dtype == bool:
        return np.flatnonzero(rows)
    rows = np.where(rows < 0, rows + count, rows).astype(np.int64)
    if rows.size and not (rows.min() >= 0 and rows.max() < count):
        raise IndexError(f"row {picked} of {count}")
    return rows
