"""Stacked MNIST: three random digits as the three channels of one image, so that there are a thousand known modes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np

from ganzoo import Dataset, NonNegativeInt, PositiveInt
from ganzoo.data import Digits

from .mnist import MNIST

if TYPE_CHECKING:
    from ganzoo import Cache

MODES = 1000
"""A digit in each of three channels."""
SHIPPED = {"train": slice(8000), "test": slice(8000, None), "all": slice(None)}
"""Split -> which of the shipped digits: none of what is held out is trained on."""


class StackedMNIST(Dataset):
    """Images of 3 x 28 x 28 whose channels are digits of MNIST, drawn independently: 1,000 modes, a class each.

    The class is the number that the digits of the first, second and third channel make: 0 to 999. All of a data set is held
    in memory: 2,352 bytes an image.

    Args:
        root: folder of MNIST, as of the data set mnist; null: the 10,000 digits shipped with ganzoo.
        split: which half of MNIST the digits come from; of the shipped ones, which are all of its test half, train takes the first
            8,000 and test the others.
        count: number of images N.
        seed: what the digits are drawn with.
        download: fetch what is missing of MNIST.
    """

    source = "drawn from MNIST (LeCun and Cortes; CC BY-SA 3.0) as Metz et al. 2017, arXiv:1611.02163, do"
    classes = MODES
    class_names = tuple(f"{mode:03}" for mode in range(MODES))

    def __init__(
        self,
        *,
        root: str | None = None,
        split: Literal["train", "test", "all"] = "all",
        count: PositiveInt = 128_000,
        seed: NonNegativeInt = 0,
        download: bool = True,
    ) -> None:
        self.root, self.split, self.count, self.seed, self.download = root, split, count, seed, download

    def arrays(self, cache: Cache) -> Mapping[str, np.ndarray]:
        """{"sample": (N, 3, 28, 28) uint8, "label": (N,) int64}."""
        halves = [half.arrays(cache) for half in self._halves()]
        part = slice(None) if self.root else SHIPPED[self.split]
        images = np.concatenate([half["sample"][:, 0] for half in halves])[part]  # (M, 28, 28)
        digits = np.concatenate([half["label"] for half in halves])[part]  # (M,)
        chosen = np.random.default_rng(self.seed).integers(len(images), size=(self.count, 3))
        return {"sample": images[chosen], "label": digits[chosen] @ np.array([100, 10, 1])}

    def _halves(self) -> list[Dataset]:
        if self.root is None:
            return [Digits()]
        names: tuple[Literal["train", "test"], ...] = ("train", "test") if self.split == "all" else (self.split,)
        return [MNIST(root=self.root, split=name, download=self.download) for name in names]
