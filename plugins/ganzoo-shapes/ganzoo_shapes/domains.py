"""Two domains without pairs: shapes in warm and in cold colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ganzoo import NonNegativeInt, PositiveInt

from .drawing import Array, as_bytes, filled, paint
from .drawn import Drawn, Size, Split, any_form

if TYPE_CHECKING:
    from ganzoo import Cache


class Tinted(Drawn):
    """Shapes in warm colours (source) and in cold ones (sample) on light grey, without pairs; three quarters as many are cold.

    A colour's true counterpart has red and blue exchanged. Held out are pairs: the same shapes in both.

    Args:
        count: warm pictures to train on; held out is a quarter as many.
        size: edge of the pictures in pixels.
        seed: what they are drawn with.
        split: train: without pairs; or test: held out, in pairs.
    """

    def __init__(self, *, count: PositiveInt = 2000, size: Size = 32, seed: NonNegativeInt = 0, split: Split = "train") -> None:
        super().__init__(count=count, size=size, seed=seed, split=split)
        self.independent = frozenset({"source"}) if split == "train" else frozenset()

    def arrays(self, cache: Cache) -> Mapping[str, np.ndarray]:
        """{"source": (N, 3, size, size), "sample": (M, ...) uint8}; of equal length, and pairs, in the split test."""
        random = self._random()
        warm = self._warm(random, self._number)
        others = warm if self.split == "test" else self._warm(random, self.count - self.count // 4)
        return {"source": as_bytes(warm), "sample": as_bytes(others)[:, ::-1].copy()}

    def _warm(self, random: np.random.Generator, n: int) -> Array:
        """(n, 3, size, size) in [0, 255]."""
        distance = self._anywhere(random, any_form(random, n), 0.25, 0.45, 0.6)
        colour = np.stack([random.uniform(low, high, n) for low, high in ((190, 250), (40, 190), (20, 70))], axis=1)
        ground = np.broadcast_to(random.uniform(200, 250, (n, 1, 1, 1)), (n, 3, self.size, self.size))
        return paint(ground, filled(distance), colour)
