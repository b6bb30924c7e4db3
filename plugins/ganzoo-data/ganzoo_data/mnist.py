"""MNIST and Fashion-MNIST.

torchvision knows where the files are and what they must hash to. They are read by ``idx``, which takes them compressed, as
they come, and checks their sizes. They are uint8 arrays already: there is nothing to decode, so nothing is cached.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from ganzoo import Dataset, UserError
from ganzoo.data import Digits, expanded

from .download import fetch
from .idx import MAX_BYTES, read_pair
from .tree import File, Tree, the_one

if TYPE_CHECKING:
    from ganzoo import Cache


KIN = {
    **{"fashion": "FashionMNIST", "kmnist": "KMNIST", "kuzushiji": "KMNIST"},
    **{"emnist": "EMNIST", "qmnist": "QMNIST", "mnist": "MNIST"},
}
"""Words in the names of folders and files -> whose they are, as torchvision calls it; the first decides."""


class MNIST(Dataset):
    """Handwritten digits, 1 x 28 x 28, 60,000 to train on and 10,000 to test with, with their labels.

    Args:
        root: folder of the data, or a zip or tar of it. The files are looked for by their names, with dashes or dots, compressed or
            not, in it, in the folders below it and in archives there, but in no folder of another of MNIST's kin.
        split: which half.
        size: edge of the images in pixels; 32 adds a black border of 2.
        download: fetch what is missing into ``MNIST/raw``.
    """

    source = "MNIST; Yann LeCun and Corinna Cortes; CC BY-SA 3.0"
    classes = 10
    class_names = Digits.class_names
    torchvision_name: ClassVar[str] = "MNIST"
    """Name of the class in ``torchvision.datasets``, and of its folder."""

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
        images, labels = self._find(cache)
        return read_pair(images, labels, self.size)

    def _names(self) -> tuple[Sequence[str], Sequence[str]]:
        """What the files of images and of labels may be called."""
        half = {"train": "train", "test": "t10k"}[self.split]
        return [f"{half}-images-idx3-ubyte"], [f"{half}-labels-idx1-ubyte"]

    def _find(self, cache: Cache) -> list[File]:
        """The files of images and labels."""
        root, kin = expanded(self.root), self.torchvision_name
        found = [self._look(tree := Tree(root), names) for names in self._names()]
        if None in found and self.download:
            for name in (names[0] for names, file in zip(self._names(), found, strict=True) if file is None):
                target = root / kin / "raw" / f"{name}.gz"
                self._fetch(target, cache, f"get {target.name} elsewhere and put it into {target.parent.absolute()}, or set data.root")
            found = [self._look(tree := Tree(root), names) for names in self._names()]
        files = [file for file in found if file]
        if len(files) < len(found):
            looked = " and ".join(names[0] for names, file in zip(self._names(), found, strict=True) if file is None)
            what = f"{kin} is not in {root.absolute()} (looked for {looked} in it, in its folders and in archives)"
            raise UserError(what, f"set data.root, or data.download: true ({tree.contents()})", key="data.root")
        if any(file.place not in ("", "raw", f"{kin}/raw") for file in files):
            cache.reporter.say(f"{kin} is read from {files[0]}")
        return files

    def _look(self, tree: Tree, names: Sequence[str]) -> File | None:
        """A file by its names, in no folder of another of the kin; those in a folder of its own come first."""
        kin, spelled = self.torchvision_name, [_spelled(name) for name in names]
        found = tree.find(lambda place, name: _spelled(name) in spelled and _owner(f"{place}/{name}") in (None, kin))
        return the_one([file for file in found if _owner(file.name) == kin] or found, MAX_BYTES)

    def _fetch(self, target: Path, cache: Cache, by_hand: str) -> None:
        """Download a file."""
        urls, md5 = self._urls(target.name)
        fetch(urls, target, md5, cache.reporter, by_hand)

    def _urls(self, name: str) -> tuple[list[str], str]:
        """Where a file can be had, and its MD5."""
        import torchvision

        known = getattr(torchvision.datasets, self.torchvision_name)
        return [mirror + name for mirror in known.mirrors], dict(known.resources)[name]


def _spelled(name: str) -> str:
    """A file's name with dashes for dots, without the ending of what is compressed."""
    return name.lower().removesuffix(".gz").replace(".", "-")


def _owner(path: str) -> str | None:
    """Whose files lie under such a path, by the words in it; None where it does not say: their names do not differ."""
    return next((owner for word, owner in KIN.items() if word in path.lower()), None)


class FashionMNIST(MNIST):
    """Pictures of clothes, 1 x 28 x 28, 60,000 to train on and 10,000 to test with, with their labels.

    Args:
        root: folder of the data, or a zip or tar of it, which is searched as that of MNIST is.
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
