"""Digits with class and thickness as attributes.

Legend: N digits, H x W pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np

from ganzoo import Dataset, NonNegativeInt
from ganzoo.data import Digits

if TYPE_CHECKING:
    from ganzoo import Cache

CLASSES = 10
HELD_OUT = 5
"""One in so many digits is held out."""


class AttributedDigits(Dataset):
    """The bundled digits with eleven attributes, 1 or -1: the ten classes, and whether they are thick.

    "label" is one change that a digit can undergo, drawn: another class, or the other thickness, as often.

    Args:
        size: edge of the pictures in pixels; 32 adds a black border of 2.
        split: train, 8,000 digits, or test, the 2,000 others.
        seed: what the changes are drawn with.
    """

    source = Digits.source
    classes = CLASSES + 2
    class_names = (*Digits.class_names, "thin", "thick")

    def __init__(self, *, size: Literal[28, 32] = 28, split: Literal["train", "test"] = "train", seed: NonNegativeInt = 0) -> None:
        self.size, self.split, self.seed = size, split, seed

    def arrays(self, cache: Cache) -> Mapping[str, np.ndarray]:
        """{"sample": (N, 1, H, W) uint8, "attributes": (N, 11) float32, "label": (N,) int64}."""
        import torch  # here, as looking at what is installed imports none

        from .thickness import is_thick

        digits = Digits(size=self.size).arrays(cache)
        held_out = np.arange(len(digits["label"])) % HELD_OUT == HELD_OUT - 1
        chosen = held_out if self.split == "test" else ~held_out
        sample, digit = digits["sample"][chosen], digits["label"][chosen]
        thick = np.asarray(is_thick(torch.from_numpy(sample)))
        attributes = np.full((len(digit), CLASSES + 1), -1, np.float32)
        attributes[np.arange(len(digit)), digit] = 1
        attributes[thick, CLASSES] = 1
        random = np.random.default_rng([self.seed, ("train", "test").index(self.split)])
        another = (digit + random.integers(1, CLASSES, len(digit))) % CLASSES
        label = np.where(random.random(len(digit)) < 0.5, another, CLASSES + ~thick)
        return {"sample": sample, "attributes": attributes, "label": label}
