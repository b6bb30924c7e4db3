"""Digits and their thumbnails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np
from ganzoo_data.derived import conditions, refuse_remainder

from ganzoo import Dataset, PositiveInt
from ganzoo.data import Digits

if TYPE_CHECKING:
    from ganzoo import Cache
    from ganzoo.data import Rows

HELD_OUT = 5
"""One in so many digits is held out."""


class ReducedDigits(Dataset):
    """The bundled digits, each with its low resolution as "source".

    Args:
        size: edge of the pictures in pixels; 32 adds a black border of 2.
        split: train, 8,000 digits, or test, the 2,000 others.
        low_resolution: how many times "source" is reduced.
    """

    source = Digits.source

    def __init__(self, *, size: Literal[28, 32] = 32, split: Literal["train", "test"] = "train", low_resolution: PositiveInt = 4) -> None:
        refuse_remainder((size, size), low_resolution)
        self.size, self.split, self.low_resolution = size, split, low_resolution

    def arrays(self, cache: Cache) -> Mapping[str, Rows]:
        """{"sample": (N, 1, size, size), "source": (N, 1, size / low_resolution, ...) uint8}."""
        sample = Digits(size=self.size).arrays(cache)["sample"]
        held_out = np.arange(len(sample)) % HELD_OUT == HELD_OUT - 1
        chosen = sample[held_out if self.split == "test" else ~held_out]
        return {"sample": chosen, **conditions(chosen, self.low_resolution, None)}
