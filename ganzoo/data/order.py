"""The order of a data set: the rows of a batch, mirrored or not, and windows of larger pictures; pure in (seed, epoch, index)."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ganzoo.fields import DataSpec

from .rows import Rows


class Order:
    """The order of fields that belong together.

    Args:
        count: rows N.
        length: how many of them an epoch gives: those of its whole batches.
        stream: with the epoch, the seed of an epoch's order.
        flip: whether rows are mirrored at random.
        steps: places that a window may lie at, besides the first one, along rows and columns.
    """

    def __init__(self, count: int, length: int, stream: Sequence[int], flip: bool, steps: tuple[int, int]) -> None:
        self.count, self.length = count, length
        self._stream, self._flip, self._steps = list(stream), flip, steps
        self._last: tuple[int, dict[str, np.ndarray]] = (-1, {})

    def at(self, first: int, n: int) -> Iterator[tuple[int, slice]]:
        """Where the ``n`` rows from ``first`` on, counted over all epochs, lie: an epoch and a place in it, or several."""
        while n:
            epoch, start = divmod(first, self.length)
            stop = min(start + n, self.length)
            yield epoch, slice(start, stop)
            first, n = first + stop - start, n - (stop - start)

    def epoch(self, epoch: int) -> Mapping[str, np.ndarray]:
        """Of an epoch: "index" (N,); where rows are mirrored at random "mirrored" (N,) bool; where windows move "window" (N, 2)."""
        if self._last[0] != epoch:
            random = np.random.default_rng([*self._stream, epoch])
            drawn = {"index": random.permutation(self.count), "mirrored": random.random(self.count) < 0.5}
            if any(self._steps):
                drawn["window"] = np.floor(random.random((self.count, 2)) * (np.array(self._steps) + 1)).astype(np.int64)
            if not self._flip:
                del drawn["mirrored"]
            self._last = epoch, drawn
        return self._last[1]


class Windows:
    """The windows of pictures that are larger than those of ``data``: the same part of all fields that belong together.

    Where these are of different sizes (thumbnails), windows lie only where they match exactly.

    Args:
        arrays: field -> (N, ...) as stored.
        data: what a batch holds of them.
    """

    def __init__(self, arrays: Mapping[str, Rows], data: DataSpec) -> None:
        larger = [name for name in arrays if _larger(arrays[name].shape[1:], data.fields.get(name, ()))]
        self._sizes = {name: data.fields[name][-2:] for name in larger}
        rooms = {name: (arrays[name].shape[-2] - size[0], arrays[name].shape[-1] - size[1]) for name, size in self._sizes.items()}
        together = [room for name, room in rooms.items() if name not in data.independent]
        common = (math.gcd(*(down for down, _ in together)), math.gcd(*(right for _, right in together)))
        self.steps = {"": common} | {name: room for name, room in rooms.items() if name in data.independent}
        """How many steps a window can move, down and to the right: of each independent field, and of all others ("")."""
        self._strides = {}
        for name, (down, right) in rooms.items():
            most = self.steps.get(name, common)
            self._strides[name] = (down // max(most[0], 1), right // max(most[1], 1))

    def cut(self, name: str, rows: Any, window: Any | None) -> Any:
        """The windows of ``rows`` (n, ..., H, W), an array or a tensor, at the steps ``window`` (n, 2); None: those in the middle."""
        if name not in self._sizes:
            return rows
        (height, width), (down, right) = self._sizes[name], self._strides[name]
        if window is None:
            most = self.steps.get(name, self.steps[""])
            top, left = most[0] // 2 * down, most[1] // 2 * right
            return rows[..., top : top + height, left : left + width]
        each, rows_of, columns = (
            np.arange(n) if isinstance(window, np.ndarray) else _arange(n, window) for n in (len(rows), height, width)
        )
        rows_of, columns = rows_of + (window[:, 0] * down)[:, None], columns + (window[:, 1] * right)[:, None]
        if rows.ndim == 3:
            return rows[each[:, None, None], rows_of[:, :, None], columns[:, None, :]]
        channels = np.arange(rows.shape[1]) if isinstance(window, np.ndarray) else _arange(rows.shape[1], window)
        return rows[each[:, None, None, None], channels[:, None, None], rows_of[:, None, :, None], columns[:, None, None, :]]

    def centred(self, arrays: Mapping[str, Rows]) -> dict[str, Rows]:
        """The arrays as seen through the windows in the middle."""
        return {name: Centred(array, self, name) if name in self._sizes else array for name, array in arrays.items()}


class Centred:
    """Rows (N, ..., H, W) of the field ``name`` of which the middle window is seen."""

    def __init__(self, rows: Rows, windows: Windows, name: str) -> None:
        self._rows, self._windows, self._name, self.dtype = rows, windows, name, rows.dtype
        self.shape: tuple[int, ...] = (len(rows), *self[0].shape)
        self.nbytes = math.prod(self.shape) * self.dtype.itemsize

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, picked: Any) -> np.ndarray:
        return np.ascontiguousarray(self._windows.cut(self._name, self._rows[picked], None))


def _larger(stored: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Whether there is a smaller window to be taken."""
    same = len(stored) == len(wanted) > 1 and tuple(stored[:-2]) == tuple(wanted[:-2])
    return same and tuple(stored) != tuple(wanted) and all(a >= b for a, b in zip(stored, wanted, strict=True))


def _arange(n: int, like: Any) -> Any:
    """0 to n - 1 as a tensor where ``like`` is; this module imports no torch."""
    return like.new_ones(n).cumsum(0) - 1


def number_of(field: str) -> int:
    """What tells the order of an independent field from others of the same seed."""
    return zlib.crc32(field.encode())
