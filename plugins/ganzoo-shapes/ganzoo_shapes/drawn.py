"""The base of the data sets of shapes: how many pictures, how large, of which seed and which half."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import numpy as np
from annotated_types import Ge, Le

from ganzoo import Dataset, NonNegativeInt, PositiveInt

from .drawing import FORMS, Array, distances

Size: TypeAlias = Annotated[int, Ge(16), Le(256)]
Split: TypeAlias = Literal["train", "test"]


class Drawn(Dataset):
    """Pictures that a seed draws; the held-out half has random numbers of its own.

    Args:
        count: pictures to train on; held out is a quarter as many.
        size: edge of the pictures in pixels.
        seed: what they are drawn with.
        split: train, or test: held out.
    """

    source = "drawn when asked for"

    def __init__(self, *, count: PositiveInt = 2000, size: Size = 32, seed: NonNegativeInt = 0, split: Split = "train") -> None:
        self.count, self.size, self.seed, self.split = count, size, seed, split

    @property
    def _number(self) -> int:
        return self.count if self.split == "train" else max(1, self.count // 4)

    def _random(self) -> np.random.Generator:
        return np.random.default_rng([self.seed, ("train", "test").index(self.split)])

    def _anywhere(self, random: np.random.Generator, form: Array, least: float, most: float, turn: float) -> Array:
        """``distances`` of shapes at random places, whole within the picture.

        Args:
            random: what draws them.
            form: (N,), numbers of ``FORMS``.
            least: of the radius, in edges of the picture.
            most: likewise.
            turn: the most that they are turned to either side, in radians.
        """
        n = len(form)
        radius = self.size * random.uniform(least, most, n)
        centre = radius[:, None] + (self.size - 2 * radius[:, None]) * random.uniform(0, 1, (n, 2))
        return distances(form, self.size, centre, radius, random.uniform(-turn, turn, n))


def any_form(random: np.random.Generator, n: int) -> Array:
    """(n,), numbers of ``FORMS``."""
    return random.integers(len(FORMS), size=n)
