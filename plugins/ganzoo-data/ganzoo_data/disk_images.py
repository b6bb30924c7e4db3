"""Images in a file, read like an ndarray: they hold no memory, and each is checked when it is first read."""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo import GanzooError


class DiskImages:
    """Images in a file of nothing but images, each checked against its checksum when it is first read.

    They are read by position, not mapped into memory: a mapped file that the disk cannot deliver, or that somebody cuts short,
    ends the process by SIGBUS, without a word. Memory stays at what the batches take, however large the file is, and the
    interpreter is free while the disk works, so that a background thread can read ahead.

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
        self.path, self.shape, self.checksums = path, shape, checksums
        self._file = path.open("rb", buffering=0)  # closed with the last reference to it
        self._discard = discard
        self._numbers = np.arange(shape[0])
        self._places = self._numbers if places is None else places
        self._checked = np.zeros(shape[0], bool)

    @property
    def nbytes(self) -> int:
        """Length of all images in bytes."""
        return math.prod(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, picked: Any) -> np.ndarray:
        """As of an ndarray: a number, a slice, an array of numbers or of N booleans, or a tuple that begins with one of them.

        Raises:
            IndexError: where a row does not exist.
            GanzooError: where an image is not what was written, or the disk does not deliver.
        """
        first, *rest = picked if isinstance(picked, tuple) else (picked,)
        rows = np.asarray(self._numbers[first])
        images = self._read(rows.reshape(-1))
        return images[(slice(None), *rest)] if rows.ndim else images[(0, *rest)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """All of them, in memory."""
        return self[:] if dtype is None else self[:].astype(dtype)

    def _read(self, rows: np.ndarray) -> np.ndarray:
        """The images at ``rows`` (n,), checked where they are read for the first time."""
        try:
            images = self._fill(self._places[rows])
        except OSError as error:
            raise GanzooError(f"the image cache {self.path} cannot be read: {error.strerror or error}; look after the disk") from error
        for i in np.flatnonzero(~self._checked[rows]).tolist():
            if zlib.crc32(images[i]) != self.checksums[rows[i]]:
                self._discard()
                raise GanzooError(
                    f"the image cache {self.path} is damaged (image {rows[i]} does not match its checksum) and is no longer used; "
                    "start again, with --resume where a run was under way, and its images are decoded anew"
                )
        self._checked[rows] = True
        return images

    def _fill(self, places: np.ndarray) -> np.ndarray:
        """The images at ``places`` (n,) as they are on the disk; zeros where the file ends too early."""
        images, each = np.zeros((len(places), *self.shape[1:]), np.uint8), math.prod(self.shape[1:])
        together = len(places) > 1 and bool((np.diff(places) == 1).all())  # neighbours are read at once
        for place, image in [(places[0], images)] if together else zip(places.tolist(), images, strict=True):
            view, offset = image.reshape(-1).data, int(place) * each
            while len(view) and (got := os.preadv(self._file.fileno(), [view], offset)):
                view, offset = view[got:], offset + got
        return images
