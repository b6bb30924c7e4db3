"""The meaning of the numbers of an array of images: its layout, and the range of its values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from ganzoo import UserError

from .array_file import ArrayFile

CHUNK = 1024
COLOURS = (1, 3)
MOST_CHANNELS = 64
"""The axis of channels is the one of 1 or 3; of others the shorter one of at most so many."""


@dataclass(frozen=True)
class Levels:
    """How the images of an array become uint8 (C, H, W), or uint16 where they are of more than eight bits.

    Args:
        count, height, width, channels: N, H, W and C.
        layout: "flat", "HW", "HWC" or "CHW".
        low, high: the values of black and white.
        bits: of the images made, 8 or 16.
    """

    count: int
    height: int
    width: int
    channels: int
    layout: str
    low: int
    high: int
    bits: int = 8

    @property
    def dtype(self) -> type[np.unsignedinteger[Any]]:
        """Of the images made."""
        return np.uint8 if self.bits == 8 else np.uint16

    def __str__(self) -> str:
        return f"{self.count} images of {self.height} x {self.width} x {self.channels} ({self.layout}), values {self.low} to {self.high}"

    @staticmethod
    def fits(shape: tuple[int, ...]) -> bool:
        """Whether an array of this shape may be images."""
        return len(shape) == 3 or (len(shape) == 4 and _axis_of_channels(shape) > 0)

    def decode(self, row: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """One image: (C, *size)."""
        levels, most = row, np.iinfo(self.dtype).max
        if (self.low, self.high) != (0, most):
            levels = np.clip(np.rint((row.astype(np.float64) - self.low) * (most / (self.high - self.low))), 0, most)
        picture = levels.astype(self.dtype).reshape(self.height, self.width) if self.layout == "flat" else levels.astype(self.dtype)
        if self.layout in ("flat", "HW"):
            picture = picture[None]
        elif self.layout == "HWC":
            picture = picture.transpose(2, 0, 1)
        if picture.shape[1:] == size:
            return np.ascontiguousarray(picture)
        plain = picture if self.dtype == np.uint8 else picture.astype(np.float32)  # Pillow resizes no 16 bits
        planes = [Image.fromarray(np.ascontiguousarray(plane)).resize(size[::-1], Image.Resampling.BILINEAR) for plane in plain]
        resized = np.stack([np.asarray(plane) for plane in planes])
        return resized if self.dtype == np.uint8 else np.rint(resized).astype(self.dtype)


def levels_of(content: ArrayFile, name: str, white: int | None = None) -> Levels:
    """The layout of an array of images, and the range of its values: all are looked at.

    Whole numbers above 255 are of 16 bits, unless ``white`` says what is white.

    Raises:
        UserError: where it is not clear.
    """
    shape = content.shapes[name]
    layout, height, width, channels = _layout(content, name, shape)
    kind, least, most, whole = content.rows(name, 0, 1).dtype.kind, math.inf, -math.inf, True
    for start in range(0, shape[0], CHUNK):
        values = content.rows(name, start, start + CHUNK)
        if kind not in "buif" or (kind == "f" and not np.isfinite(values).all()):
            raise UserError(f"{name} of {content} holds values that are not finite numbers", "write it again", key="data.file")
        least, most = min(least, float(values.min())), max(most, float(values.max()))
        whole = whole and (kind != "f" or bool((values == np.rint(values)).all()))
    if white and least >= 0 and most <= white:
        low, high = 0, white
    elif white:
        what = f"{name} of {content} has values from {least:g} to {most:g}, beyond white at {white}"
        raise UserError(what, "choose another data.white", key="data.white")
    elif least >= 0 and most <= 1:  # of whole numbers too: a file of pixels that are all black or nearly so is none
        low, high = 0, 1
    elif kind == "f" and least >= -1 and most <= 1:
        low, high = -1, 1
    elif least >= 0 and 1 < most <= 255 and whole:
        low, high = 0, 255
    elif kind == "u" and most <= 65535:
        low, high = 0, 65535
    else:
        what = f"{name} of {content} has values from {least:g} to {most:g}, and it is not clear which are black and white"
        raise UserError(what, "set data.white, or write it again with 0 to 255, 0 to 1 or -1 to 1", key="data.file")
    deep = kind in "ui" and high > 255
    return Levels(shape[0], height, width, channels, layout, low, high, 16 if deep else 8)


def _layout(content: ArrayFile, name: str, shape: tuple[int, ...]) -> tuple[str, int, int, int]:
    """Its name, with H, W and C."""
    if 0 not in shape:
        if len(shape) == 2 and (edge := math.isqrt(shape[1])) ** 2 == shape[1] and edge > 1:
            return "flat", edge, edge, 1
        if len(shape) == 3:
            return "HW", shape[1], shape[2], 1
        if len(shape) == 4 and (axis := _axis_of_channels(shape)):
            return ("HWC", shape[1], shape[2], shape[3]) if axis == 3 else ("CHW", shape[2], shape[3], shape[1])
    what = f"{name} of {content} has shape {'x'.join(map(str, shape))}, wanted N x H x W, N x H x W x C or N x C x H x W"
    raise UserError(what, "name another array, or write it again", key="data.images")


def _axis_of_channels(shape: tuple[int, ...]) -> int:
    """1 or 3; 0 where that is not clear."""
    first, last = shape[1] in COLOURS, shape[3] in COLOURS
    if first != last:
        return 1 if first else 3
    if first or shape[1] == shape[3] or min(shape[1], shape[3]) > MOST_CHANNELS:
        return 0
    return 1 if shape[1] < shape[3] else 3
