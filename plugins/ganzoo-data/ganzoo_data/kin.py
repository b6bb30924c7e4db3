"""Data sets in the files of MNIST: Kuzushiji-MNIST, EMNIST and QMNIST."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from .download import fetch
from .idx import read_pair
from .mnist import MNIST

if TYPE_CHECKING:
    from ganzoo import Cache

LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
DIGITS = tuple("0123456789")
MERGED = (*DIGITS, *LETTERS, *"abdefghnqrt")
EMNIST_CLASSES = {
    "balanced": MERGED,
    "byclass": (*DIGITS, *LETTERS, *"abcdefghijklmnopqrstuvwxyz"),
    "bymerge": MERGED,
    "letters": LETTERS,
    "digits": DIGITS,
    "mnist": DIGITS,
}


class KMNIST(MNIST):
    """Characters of the old Japanese cursive, 1 x 28 x 28, 60,000 to train on and 10,000 to test with, with their labels.

    Args:
        root: folder of the data, or a zip or tar of it, which is searched as that of MNIST is, also as numpy's ``.npz``.
        split: which half.
        size: edge of the images in pixels; 32 adds a black border of 2.
        download: fetch what is missing into ``KMNIST/raw``.
    """

    source = "Kuzushiji-MNIST; Clanuwat et al. 2018, arXiv:1812.01718; CC BY-SA 4.0"
    class_names = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
    torchvision_name = "KMNIST"

    def __init__(
        self,
        *,
        root: str = "data/kmnist",
        split: Literal["train", "test"] = "train",
        size: Literal[28, 32] = 28,
        download: bool = True,
    ) -> None:
        super().__init__(root=root, split=split, size=size, download=download)

    def _names(self) -> tuple[Sequence[str], Sequence[str]]:
        images, labels = super()._names()
        return [*images, f"kmnist-{self.split}-imgs.npz"], [*labels, f"kmnist-{self.split}-labels.npz"]


class EMNIST(MNIST):
    """Handwritten letters and digits, 1 x 28 x 28, upright: the files hold them mirrored along the diagonal.

    Args:
        root: folder of the data, or a zip or tar of it, which is searched as that of MNIST is.
        part: which of its six data sets: balanced (47 classes), byclass (62), bymerge (47), letters (26, capital and small as one),
            digits or mnist (10).
        split: which half.
        size: edge of the images in pixels; 32 adds a black border of 2.
        download: fetch what is missing into ``EMNIST/raw``: an archive of 0.5 GB.
    """

    source = "EMNIST; Cohen, Afshar, Tapson and van Schaik 2017, arXiv:1702.05373; public domain (NIST)"
    torchvision_name = "EMNIST"

    def __init__(
        self,
        *,
        root: str = "data/emnist",
        part: Literal["balanced", "byclass", "bymerge", "letters", "digits", "mnist"] = "balanced",
        split: Literal["train", "test"] = "train",
        size: Literal[28, 32] = 28,
        download: bool = False,
    ) -> None:
        super().__init__(root=root, split=split, size=size, download=download)
        self.part, self.class_names = part, EMNIST_CLASSES[part]
        self.classes = len(self.class_names)

    def arrays(self, cache: Cache) -> Mapping[str, np.ndarray]:
        """{"sample": (N, 1, size, size) uint8, "label": (N,) int64}."""
        first = int(self.part == "letters")  # they are counted from 1
        images, labels = self._find(cache)
        read = read_pair(images, labels, self.size, classes=self.classes, first=first)
        return {**read, "sample": np.ascontiguousarray(read["sample"].swapaxes(2, 3))}

    def _names(self) -> tuple[Sequence[str], Sequence[str]]:
        return [f"emnist-{self.part}-{self.split}-images-idx3-ubyte"], [f"emnist-{self.part}-{self.split}-labels-idx1-ubyte"]

    def _fetch(self, target: Path, cache: Cache, by_hand: str) -> None:
        """Download the archive of all parts, in which it lies."""
        import torchvision

        known = torchvision.datasets.EMNIST
        fetch([known.url], target.with_name("gzip.zip"), known.md5, cache.reporter, by_hand)


class QMNIST(MNIST):
    """MNIST made again from its source, 1 x 28 x 28, 60,000 to train on and all 60,000 to test with, with their labels.

    Args:
        root: folder of the data, or a zip or tar of it, which is searched as that of MNIST is.
        split: which half.
        size: edge of the images in pixels; 32 adds a black border of 2.
        download: fetch what is missing into ``QMNIST/raw``.
    """

    source = "QMNIST; Yadav and Bottou 2019, arXiv:1905.10498; BSD licence"
    torchvision_name = "QMNIST"

    def __init__(
        self,
        *,
        root: str = "data/qmnist",
        split: Literal["train", "test"] = "train",
        size: Literal[28, 32] = 28,
        download: bool = True,
    ) -> None:
        super().__init__(root=root, split=split, size=size, download=download)

    def _names(self) -> tuple[Sequence[str], Sequence[str]]:
        return [f"qmnist-{self.split}-images-idx3-ubyte"], [f"qmnist-{self.split}-labels-idx2-int"]

    def _urls(self, name: str) -> tuple[list[str], str]:
        import torchvision

        known = {url.rpartition("/")[2]: (url, md5) for url, md5 in torchvision.datasets.QMNIST.resources[self.split]}
        return [known[name][0]], known[name][1]
