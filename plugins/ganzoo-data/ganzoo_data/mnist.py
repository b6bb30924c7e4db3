"""MNIST and Fashion-MNIST.

torchvision knows where the files are and what they must hash to. They are read by ``idx``, which takes them compressed, as
they come, and checks their sizes. They are uint8 arrays already: there is nothing to decode, so nothing is cached.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from ganzoo import Dataset, UserError
from ganzoo.data import Digits, expanded

from .celeba_layout import contents
from .download import fetch
from .idx import read_pair

if TYPE_CHECKING:
    from ganzoo import Cache


class MNIST(Dataset):
    """Handwritten digits, 1 x 28 x 28, 60,000 to train on and 10,000 to test with, with their labels.

    Args:
        root: folder of the data. The files are looked for in it, in its folder ``raw``, and in ``MNIST/raw`` (where torchvision
            keeps them), compressed or not, also as ``train-images.idx3-ubyte`` or in a folder of that name, as Kaggle gives them.
        split: which half.
        size: edge of the images in pixels; 32 adds a black border of 2.
        download: fetch what is missing into ``MNIST/raw``.
    """

    source = "MNIST; Yann LeCun and Corinna Cortes; CC BY-SA 3.0"
    classes = 10
    class_names = Digits.class_names
    torchvision_name: ClassVar[str] = "MNIST"
    """Name of the class in ``torchvision.datasets``, and of its folder."""
    folders: ClassVar[tuple[str, ...]] = ()
    """Where else its files lie, below ``root``."""

    def __init__(
        self,
        *,
        root: str = "data/mnist",
        split: Literal["train", "test"] = "train",
        size: Literal[28, 32] = 28,
        download: bool = True,
    ) -> None:
        self.root, self.split, self.size, self.download = root, split, size, download

    def arrays(self, cache: Cache) -> Mapping[str, np.ndarray]:
        """{"sample": (N, 1, size, size) uint8, "label": (N,) int64}."""
        images, labels = (self._find(name, cache) for name in self._names())
        return read_pair(images, labels, self.size)

    def _names(self) -> tuple[str, str]:
        """What the files of images and labels are called."""
        half = {"train": "train", "test": "t10k"}[self.split]
        return f"{half}-images-idx3-ubyte", f"{half}-labels-idx1-ubyte"

    def _find(self, name: str, cache: Cache) -> Path:
        root = expanded(self.root)
        own_folder = root / self.torchvision_name / "raw"
        folders = (own_folder, root / "raw", root, *(root / folder for folder in self.folders))
        for folder in folders:
            for path in _spellings(folder, name):
                if path.is_file():
                    return path
        looked = f"looked for {name} and {name}.gz in {', '.join(str(folder) for folder in folders)}"
        if not self.download:
            what = f"{self.torchvision_name} is not in {root.absolute()} ({looked})"
            raise UserError(what, f"set data.root, or data.download: true ({contents(root)})", key="data.root")
        target = own_folder / f"{name}.gz"
        self._fetch(target, cache, f"get {target.name} elsewhere and put it into {own_folder.absolute()}, or set data.root")
        return target

    def _fetch(self, target: Path, cache: Cache, by_hand: str) -> None:
        """Download a file."""
        urls, md5 = self._urls(target.name)
        fetch(urls, target, md5, cache.reporter, by_hand)

    def _urls(self, name: str) -> tuple[list[str], str]:
        """Where a file can be had, and its MD5."""
        import torchvision

        known = getattr(torchvision.datasets, self.torchvision_name)
        return [mirror + name for mirror in known.mirrors], dict(known.resources)[name]


def _spellings(folder: Path, name: str) -> list[Path]:
    """A file as it comes: with a dash or a dot before "idx", in a folder of its own name, as Kaggle has it, compressed or not."""
    names = [name, name.replace("-idx", ".idx")]
    return [path for each in names for path in (folder / each, folder / f"{each}.gz", folder / each / each, folder / each / name)]


class FashionMNIST(MNIST):
    """Pictures of clothes, 1 x 28 x 28, 60,000 to train on and 10,000 to test with, with their labels.

    Args:
        root: folder of the data. The files are looked for in it, in its folder ``raw``, and in ``FashionMNIST/raw`` (where
            torchvision keeps them), compressed or not.
        split: which half.
        size: edge of the images in pixels; 32 adds a black border of 2.
        download: fetch what is missing into ``FashionMNIST/raw``.
    """

    source = "Fashion-MNIST; Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747; MIT licence"
    class_names = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
    torchvision_name = "FashionMNIST"

    def __init__(
        self,
        *,
        root: str = "data/fashion_mnist",
        split: Literal["train", "test"] = "train",
        size: Literal[28, 32] = 28,
        download: bool = True,
    ) -> None:
        super().__init__(root=root, split=split, size=size, download=download)
