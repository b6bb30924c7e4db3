"""Rows of one shape, picked by number, which data sets give and batches read: an ndarray, or images on a disk."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

CHUNK_BYTES = 1 << 24
"""How much is read at a time where everything is."""


class Rows(Protocol):
    """N rows of one shape and type. ``rows[numbers]``, ``rows[10:20]`` and ``rows[3]`` are ndarrays."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, ...)."""

    @property
    def dtype(self) -> np.dtype:
        """Type of every element: uint8 or uint16 for images, float32, or int64 for labels."""

    @property
    def nbytes(self) -> int:
        """Length of all rows in bytes."""

    def __len__(self) -> int: ...

    def __getitem__(self, picked: Any, /) -> Any: ...


def scaled(rows: np.ndarray) -> np.ndarray:
    """Images of 16 bits as float32 in [-1, 1]; whatever else as it is."""
    return rows / np.float32(32767.5) - np.float32(1) if rows.dtype == np.uint16 else rows


def rows_of_a_chunk(array: Rows) -> int:
    """How many rows are read at a time where all are."""
    return max(1, CHUNK_BYTES // max(1, array.nbytes // max(1, len(array))))
