"""The data set of drawn faces."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np
from ganzoo_data.derived import Mask, conditions, hole, holed

from ganzoo import Dataset, NonNegativeInt, PositiveInt, UserError

from .drawing import ATTRIBUTES, draw_faces

if TYPE_CHECKING:
    from ganzoo import Cache
    from ganzoo.data import Rows

AT_A_TIME = 250
HELD_OUT = 8
"""The other splits have one face for so many of the split train."""
SPLITS = ("train", "test", "val")


class Faces(Dataset):
    """Drawn faces, each with or without glasses, smile, beard, hat and long hair; no two are alike, and no file is needed.

    Args:
        count: number of faces in the split train; val and test have an eighth as many.
        size: edge of the images in pixels.
        split: which part; no face is in two.
        low_resolution: give "source" as well: the image reduced so many times.
        mask: give "source" as well: the image with a hole of half its edge, in the middle or anywhere, and "mask", which is 1 in it;
            random: and "hole_anywhere", 1.
        overlap: pixels along the rim of the hole that "source" still shows.
        attributes: give "attributes" (N, 5) as well: 1 for what the face has and -1 for what it has not.
    """

    source = "drawn when asked for"

    def __init__(
        self,
        *,
        count: PositiveInt = 8000,
        size: PositiveInt = 32,
        split: Literal["train", "val", "test"] = "train",
        low_resolution: PositiveInt | None = None,
        mask: Mask | None = None,
        overlap: NonNegativeInt = 0,
        attributes: bool = False,
    ) -> None:
        if low_resolution and (mask or size % low_resolution):
            what = "images have both a hole and a low resolution" if mask else f"images of {size} cannot be reduced {low_resolution} times"
            raise UserError(what, "leave one of them out" if mask else "choose a divisor of data.size", key="low_resolution")
        self.count = count if split == "train" else max(1, count // HELD_OUT)
        self.size, self.split, self.attributes = size, split, attributes
        self.low_resolution, self.mask, self.overlap = low_resolution, mask, overlap

    def arrays(self, cache: Cache) -> Mapping[str, Rows]:
        """{"sample": (N, 3, size, size) uint8}, and what else is asked for."""
        sample, has = drawn(self.split, self.count, self.size)
        more = {"attributes": has.astype(np.float32) * 2 - 1} if self.attributes else {}
        return {"sample": sample, **conditions(sample, self.low_resolution, self.mask, self.overlap), **more}

    def inputs_of(self, picture: np.ndarray) -> Mapping[str, np.ndarray]:
        """The picture with a hole, and where it is; nothing of its own where there are no holes."""
        return {"source": holed(picture, self.mask, 0, self.overlap), "mask": hole(picture.shape, self.mask, 0)} if self.mask else {}


@functools.lru_cache(maxsize=4)
def drawn(split: str, count: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The faces of a split (N, 3, S, S) uint8, and what they have (N, A) bool; not to be written into."""
    given, faces = [], []
    for start in range(0, count, AT_A_TIME):
        random = np.random.default_rng([SPLITS.index(split), start])
        given.append(random.integers(2, size=(AT_A_TIME, len(ATTRIBUTES))).astype(bool))
        faces.append(draw_faces(random, given[-1], size))
    found = np.concatenate(faces)[:count], np.concatenate(given)[:count]
    for array in found:
        array.flags.writeable = False
    return found
