"""Inputs derived from a picture that is to be made of them again: its thumbnail, or itself with a hole."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ganzoo import UserError

if TYPE_CHECKING:
    from ganzoo.data import Rows

Mask = Literal["centre", "random"]
GREY = 128
"""What a hole is filled with: the middle of the range, which training sees as 0."""


class Derived:
    """Rows computed of others when they are read; pure in the number of a row.

    Args:
        rows: (N, C, H, W).
        make: a picture and its number to what is made of it.
    """

    def __init__(self, rows: Rows, make: Callable[[np.ndarray, int], np.ndarray]) -> None:
        self._rows, self._make = rows, make
        first = make(np.asarray(rows[0]), 0)
        self.shape, self.dtype = (len(rows), *first.shape), first.dtype
        self.nbytes = math.prod(self.shape) * self.dtype.itemsize

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, picked: Any) -> np.ndarray:
        numbers = np.arange(len(self))[picked]
        if np.ndim(numbers) == 0:
            return self._make(np.asarray(self._rows[int(numbers)]), int(numbers))
        found = [self._make(picture, number) for picture, number in zip(self._rows[numbers], numbers.tolist(), strict=True)]
        return np.stack(found) if found else np.empty((0, *self.shape[1:]), self.dtype)


def thumbnail(picture: np.ndarray, times: int) -> np.ndarray:
    """Means of blocks of ``times`` x ``times`` pixels: (C, H, W) to (C, H / times, W / times) uint8."""
    c, h, w = picture.shape
    small: np.ndarray = np.rint(picture.reshape(c, h // times, times, w // times, times).mean((2, 4))).astype(np.uint8)
    return small


def hole(shape: tuple[int, ...], kind: Mask, number: int) -> np.ndarray:
    """A mask (1, H, W) float32, 1 in the hole of half the edge: in the middle, or somewhere that depends on ``number`` alone."""
    height, width = shape[-2:]
    top, left = height // 4, width // 4
    if kind == "random":
        top, left = np.random.default_rng([number, height, width]).integers(0, (height - height // 2 + 1, width - width // 2 + 1))
    mask = np.zeros((1, height, width), np.float32)
    mask[:, top : top + height // 2, left : left + width // 2] = 1
    return mask


def holed(picture: np.ndarray, kind: Mask, number: int, overlap: int = 0) -> np.ndarray:
    """The picture with its hole, of which ``overlap`` pixels along the rim are still seen."""
    hidden = hole(picture.shape, kind, number) > 0
    for axis in (1, 2) if overlap else ():
        hidden &= np.roll(hidden, overlap, axis) & np.roll(hidden, -overlap, axis)
    found: np.ndarray = np.where(hidden, np.uint8(GREY), picture)
    return found


def refuse_remainder(size: tuple[int, int], times: int | None) -> None:
    """Raise a UserError where images of ``size`` cannot be reduced ``times`` times."""
    if times and any(side % times for side in size):
        what = f"images of {size[0]} x {size[1]} cannot be reduced {times} times"
        raise UserError(what, "choose a divisor of data.size", key="low_resolution")


def conditions(sample: Rows, low_resolution: int | None, mask: Mask | None, overlap: int = 0) -> Mapping[str, Rows]:
    """The fields "source", and "mask" where there are holes; "hole_anywhere", 1, where these need not be in the middle.

    Raises:
        UserError: where ``overlap`` leaves no hole.
    """
    if (mask or overlap) and (not mask or min(sample.shape[-2:]) // 2 <= 2 * overlap):
        what = f"with an overlap of {overlap} pixels nothing of {sample.shape[-2]} x {sample.shape[-1]} is hidden"
        raise UserError(what, "choose a mask and a smaller overlap", key="data.overlap")
    if low_resolution is not None:
        return {"source": Derived(sample, lambda picture, number: thumbnail(picture, low_resolution))}
    if mask is not None:
        return {
            "source": Derived(sample, lambda picture, number: holed(picture, mask, number, overlap)),
            "mask": Derived(sample, lambda picture, number: hole(picture.shape, mask, number)),
            **({"hole_anywhere": np.ones(len(sample), np.float32)} if mask == "random" else {}),
        }
    return {}
