"""What the numbers of an array of images mean: its layout, and the range of its values."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ganzoo import UserError

from .array_file import ArrayFile

CHUNK = 1024
COLOURS = (1, 3)


@dataclass(frozen=True)
class Levels:
    """How the images of an array become uint8 (C, H, W).

    Args:
        count, height, width, channels: N, H, W and C.
        layout: "flat", "HW", "HWC" or "CHW".
        low, high: the values of black and white.
    """

    count: int
    height: int
    width: int
    channels: int
    layout: str
    low: int
    high: int

    def __str__(self) -> str:
        return f"{self.count} images of {self.height} x {self.width} x {self.channels} ({self.layout}), values {self.low} to {self.high}"

    @staticmethod
    def fits(shape: tuple[int, ...]) -> bool:
        """Whether an array of this shape may be images."""
        return len(shape) == 3 or (len(shape) == 4 and bool({shape[1], shape[3]} & {*COLOURS}))

    def decode(self, row: np.ndarray, size: int) -> np.ndarray:
        """One image: uint8 (C, size, size)."""
        levels = row.astype(np.float32) if self.high != 255 else row
        if self.high != 255:
            levels = np.clip(np.rint((levels - self.low) * (255 / (self.high - self.low))), 0, 255)
        picture = levels.astype(np.uint8).reshape(self.height, self.width) if self.layout == "flat" else levels.astype(np.uint8)
        if self.layout in ("flat", "HW"):
            picture = picture[None]
        elif self.layout == "HWC":
            picture = picture.transpose(2, 0, 1)
        if picture.shape[1:] == (size, size):
            return np.ascontiguousarray(picture)
        planes = [Image.fromarray(np.ascontiguousarray(plane)).resize((size, size), Image.Resampling.BILINEAR) for plane in picture]
        return np.stack([np.asarray(plane) for plane in planes])


def levels_of(content: ArrayFile, name: str) -> Levels:
    """The layout of an array of images, and the range of its values: all are looked at.

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
    if least >= 0 and most <= 1:  # of whole numbers too: a file of pixels that are all black or nearly so is none
        low, high = 0, 1
    elif kind == "f" and least >= -1 and most <= 1:
        low, high = -1, 1
    elif least >= 0 and 1 < most <= 255 and whole:
        low, high = 0, 255
    else:
        what = f"{name} of {content} has values from {least:g} to {most:g}, and it is not clear which are black and white"
        raise UserError(what, "write it again with 0 to 255, 0 to 1 or -1 to 1", key="data.file")
    return Levels(shape[0], height, width, channels, layout, low, high)


def _layout(content: ArrayFile, name: str, shape: tuple[int, ...]) -> tuple[str, int, int, int]:
    """Its name, with H, W and C."""
    if 0 not in shape:
        if len(shape) == 2 and (edge := math.isqrt(shape[1])) ** 2 == shape[1] and edge > 1:
            return "flat", edge, edge, 1
        if len(shape) == 3:
            return "HW", shape[1], shape[2], 1
        if len(shape) == 4 and (shape[1] in COLOURS) != (shape[3] in COLOURS):
            last = shape[3] in COLOURS
            return ("HWC", shape[1], shape[2], shape[3]) if last else ("CHW", shape[2], shape[3], shape[1])
    what = f"{name} of {content} has shape {'x'.join(map(str, shape))}, wanted N x H x W, N x H x W x C or N x C x H x W with C 1 or 3"
    raise UserError(what, "name another array, or write it again", key="data.images")
