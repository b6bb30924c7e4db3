"""Shapes with captions: "a small red circle on the left"."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ganzoo import NonNegativeInt, PositiveInt, UserError

from .drawing import COLOURS, FORMS, Array, as_bytes, distances, filled, paint, palette
from .drawn import Drawn, Size, Split

if TYPE_CHECKING:
    from ganzoo import Cache

RADII: Mapping[str, float] = {"small": 0.15, "large": 0.24}
"""In edges of the picture."""
PLACES: Mapping[str, tuple[float, float]] = {
    "on the left": (0.27, 0.5),
    "on the right": (0.73, 0.5),
    "at the top": (0.5, 0.27),
    "at the bottom": (0.5, 0.73),
    "in the middle": (0.5, 0.5),
}
"""Of the centre, x and y in edges of the picture."""
WORDS = tuple(map(tuple, (RADII, COLOURS, FORMS, PLACES)))
"""What a caption says, each one of some words: size, colour, shape, place."""
LENGTH = sum(map(len, WORDS))
GROUND = 240.0


class Described(Drawn):
    """A shape as a caption describes it, "a small red circle on the left", on light grey; the caption as a vector "text".

    There are two sizes, five colours, four shapes and five places, so 200 captions. Sizes, colours and places vary by a little.

    Args:
        count: pictures to train on; held out is a quarter as many.
        size: edge of the pictures in pixels.
        seed: what they are drawn with.
        split: train, or test: held out.
        low_resolution: give "source" as well: the picture reduced so many times.
    """

    def __init__(
        self,
        *,
        count: PositiveInt = 4000,
        size: Size = 32,
        seed: NonNegativeInt = 0,
        split: Split = "train",
        low_resolution: PositiveInt | None = None,
    ) -> None:
        if low_resolution and size % low_resolution:
            what = f"images of {size} cannot be reduced {low_resolution} times"
            raise UserError(what, "choose a divisor of data.size", key="low_resolution")
        super().__init__(count=count, size=size, seed=seed, split=split)
        self.low_resolution = low_resolution

    def inputs_of_text(self, text: str) -> Mapping[str, np.ndarray]:
        """One of the 200 captions as the field "text" (16,).

        Raises:
            UserError: where it is none of them.
        """
        return {"text": vector(text.strip())[0]}

    def arrays(self, cache: Cache) -> Mapping[str, np.ndarray]:
        """{"sample": (N, 3, size, size) uint8, "text": (N, 16) float32}, and "source" where it is asked for."""
        random, n = self._random(), self._number
        said = random.integers([len(words) for words in WORDS], size=(n, len(WORDS)))
        sample = drawn(said, self.size, random)
        given = {"sample": sample, "text": encode(said)}
        if self.low_resolution:
            r, edge = self.low_resolution, self.size // self.low_resolution
            given["source"] = as_bytes(sample.reshape(n, 3, edge, r, edge, r).mean((3, 5)))
        return given


def drawn(said: Array, size: int, random: np.random.Generator | None = None) -> Array:
    """Pictures uint8 (n, 3, size, size) of what is ``said``; exactly as said where nothing varies them.

    Args:
        said: (n, 4), numbers of size, colour, shape and place.
        size: edge in pixels.
        random: what varies them: places by 1.5% of the edge, radii by 5%, colours by 15 of 255.
    """
    n = len(said)
    vary = (lambda most, *shape: random.uniform(-most, most, (n, *shape))) if random else (lambda most, *shape: np.zeros((n, *shape)))
    radius = np.array(list(RADII.values()))[said[:, 0]] * (1 + vary(0.05))
    centre = np.array(list(PLACES.values()))[said[:, 3]] + vary(0.015, 2)
    distance = distances(said[:, 2], size, centre * size, radius * size, np.zeros(n))
    return as_bytes(paint(np.full((n, 3, size, size), GROUND), filled(distance), palette()[said[:, 1]] + vary(15, 3)))


def encode(said: Array) -> Array:
    """(n, 4) as "text" (n, 16): 1 for each word that is said."""
    starts = np.cumsum([0, *(len(words) for words in WORDS[:-1])])
    text = np.zeros((len(said), LENGTH), np.float32)
    np.put_along_axis(text, said + starts, 1.0, axis=1)
    return text


def vector(text: str) -> Array:
    """A caption in words as "text" (1, 16).

    Raises:
        UserError: where it is none of the 200.
    """
    for said in every():
        if caption(said) == text:
            return encode(said[None])
    raise UserError(f"'described' has no caption '{text}'", f"write it as: {caption(every()[0])}")


def every() -> Array:
    """All captions: (200, 4)."""
    counts = [len(words) for words in WORDS]
    return np.stack(np.unravel_index(np.arange(math.prod(counts)), counts), axis=1)


def caption(said: Array) -> str:
    """(4,) in words."""
    size, colour, form, place = (words[number] for words, number in zip(WORDS, said.tolist(), strict=True))
    return f"a {size} {colour} {form} {place}"
