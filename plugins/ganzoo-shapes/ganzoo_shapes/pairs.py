"""Pairs of pictures: outlines and what they enclose, shapes with a hole and whole, a shape in a scene and the shape alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from ganzoo_data.derived import Mask, conditions, hole, holed

from ganzoo import NonNegativeInt, PositiveInt

from .drawing import Array, alone, as_bytes, filled, outlined, paint, palette
from .drawn import Drawn, Size, Split, any_form

if TYPE_CHECKING:
    from ganzoo import Cache
    from ganzoo.data import Rows

LINE = 0.045
"""Thickness of outlines, in edges of the picture."""


class Outlines(Drawn):
    """A coloured outline on white (source) and the same shape filled (sample): circles, squares, triangles and crosses.

    Args:
        count: pairs to train on; held out is a quarter as many.
        size: edge of the pictures in pixels.
        seed: what they are drawn with.
        split: train, or test: held out.
    """

    def arrays(self, cache: Cache) -> Mapping[str, np.ndarray]:
        """{"source", "sample": (N, 3, size, size) uint8}."""
        random, n = self._random(), self._number
        distance = self._anywhere(random, any_form(random, n), 0.25, 0.45, 0.6)
        colour = random.uniform(20, 220, (n, 3))
        white = np.full((n, 3, self.size, self.size), 255.0)
        covers = {"source": outlined(distance, LINE * self.size), "sample": filled(distance)}
        return {name: as_bytes(paint(white, cover, colour)) for name, cover in covers.items()}


class Shapes(Drawn):
    """Filled shapes of any colour on white, as those of `outlines`; with a hole that what is left of a shape tells how to fill.

    Args:
        count: pictures to train on; held out is a quarter as many.
        size: edge of the pictures in pixels.
        seed: what they are drawn with.
        split: train, or test: held out.
        mask: give "source" as well: the picture with a hole of half its edge, in the middle or anywhere, and "mask", which is 1 in it;
            random: and "hole_anywhere", 1.
        overlap: pixels along the rim of the hole that "source" still shows.
    """

    def __init__(
        self,
        *,
        count: PositiveInt = 4000,
        size: Size = 32,
        seed: NonNegativeInt = 0,
        split: Split = "train",
        mask: Mask | None = None,
        overlap: NonNegativeInt = 0,
    ) -> None:
        super().__init__(count=count, size=size, seed=seed, split=split)
        self.mask, self.overlap = mask, overlap

    def arrays(self, cache: Cache) -> Mapping[str, Rows]:
        """{"sample": (N, 3, size, size) uint8}, and what else is asked for."""
        random, n = self._random(), self._number
        distance = self._anywhere(random, any_form(random, n), 0.25, 0.45, 0.6)
        white = np.full((n, 3, self.size, self.size), 255.0)
        sample = as_bytes(paint(white, filled(distance), random.uniform(20, 220, (n, 3))))
        return {"sample": sample, **conditions(sample, None, self.mask, self.overlap)}

    def inputs_of(self, picture: np.ndarray) -> Mapping[str, np.ndarray]:
        """The picture with a hole, and where it is; nothing of its own where there are no holes."""
        return {"source": holed(picture, self.mask, 0, self.overlap), "mask": hole(picture.shape, self.mask, 0)} if self.mask else {}


class Scene(Drawn):
    """A shape somewhere in a scene, turned, in some light (source), and that shape alone, upright in the middle of white (sample).

    There are four shapes in five colours, so twenty right answers. The scene is a shaded ground with two lines across it.

    Args:
        count: pairs to train on; held out is a quarter as many.
        size: edge of the pictures in pixels.
        seed: what they are drawn with.
        split: train, or test: held out.
    """

    def arrays(self, cache: Cache) -> Mapping[str, np.ndarray]:
        """{"source", "sample": (N, 3, size, size) uint8}."""
        random, n = self._random(), self._number
        form, colour = any_form(random, n), palette()[random.integers(len(palette()), size=n)]
        scene = self._ground(random, n)
        for _ in range(2):
            scene = paint(scene, self._line(random, n), random.uniform(60, 230, (n, 3)))
        light = random.uniform(0.8, 1.1, (n, 1))
        scene = paint(scene, filled(self._anywhere(random, form, 0.22, 0.34, 0.6)), colour * light)
        return {"source": as_bytes(scene), "sample": alone(form, colour, self.size)}

    def _across(self, random: np.random.Generator, n: int) -> Array:
        """How far each pixel is along a direction of its picture: (N, size, size), in edges, 0 in the middle."""
        angle = random.uniform(0, 2 * np.pi, (n, 1, 1))
        rows, columns = np.mgrid[: self.size, : self.size] / (self.size - 1) - 0.5
        return np.cos(angle) * columns + np.sin(angle) * rows  # type: ignore[no-any-return]

    def _ground(self, random: np.random.Generator, n: int) -> Array:
        """(N, 3, size, size): a light colour that is shaded from one side to the other."""
        shade = 60 * self._across(random, n)
        return random.uniform(150, 230, (n, 3))[:, :, None, None] + shade[:, None]  # type: ignore[no-any-return]

    def _line(self, random: np.random.Generator, n: int) -> Array:
        """What a thin line at a random place covers: (N, size, size)."""
        place = random.uniform(-0.5, 0.5, (n, 1, 1))
        return filled(self.size * (abs(self._across(random, n) - place) - 0.02))
