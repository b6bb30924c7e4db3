"""Any folder of pictures: nested, of mixed formats, with class sub-folders as labels."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ganzoo import Dataset, Fraction, PositiveInt, UserError
from ganzoo.data import DECODER, SUFFIXES, decode, folder_at, stamp

if TYPE_CHECKING:
    from ganzoo import Cache
    from ganzoo.data import Rows


class ImageFolder(Dataset):
    """The pictures under a folder, resized to a square.

    Args:
        root: the folder. Its sub-folders are searched too; hidden files and folders are not.
        size: edge of the images in pixels.
        crop: edge in pixels of the centred square that is kept, before resizing; null: the largest.
        channels: 3 (RGB) or 1 (grey). What is transparent lies on white.
        flip: mirror images at random in training.
        labels: whether the first level of sub-folders gives the label, in alphabetical order; auto: where there are at least
            two, and no picture lies beside them.
        max_bad: fraction of the pictures that may be unreadable; they are left out and named.
    """

    source = "a folder of yours"

    def __init__(
        self,
        *,
        root: str,
        size: PositiveInt = 64,
        crop: PositiveInt | None = None,
        channels: Literal[1, 3] = 3,
        flip: bool = False,
        labels: bool | Literal["auto"] = "auto",
        max_bad: Fraction = 0.01,
    ) -> None:
        self.root, self.size, self.crop, self.channels = root, size, crop, channels
        self.flip, self.labels, self.max_bad = flip, labels, max_bad

    def arrays(self, cache: Cache) -> Mapping[str, Rows]:
        """{"sample": (N, channels, size, size) uint8, with labels "label": (N,) int64}; sets ``classes``, ``class_names``."""
        root = folder_at(self.root)
        names = find_pictures(root)
        if not names:
            raise UserError(
                f"no pictures in {root.absolute()}", f"set data.root to a folder with files named {', '.join(SUFFIXES)}", key="data.root"
            )
        self.class_names = self._classes(root, names)
        self.classes = len(self.class_names)
        cached = cache.images(
            {"dataset": "folder", "files": stamp(root, names), "crop": self.crop, "decoder": DECODER},
            names,
            lambda name: decode(root / name, size=self.size, crop=self.crop, channels=self.channels),
            (self.channels, self.size, self.size),
            max_bad=self.max_bad,
        )
        if not self.classes:
            return {"sample": cached.images}
        number = {name: i for i, name in enumerate(self.class_names)}
        labels = np.array([number[_class_of(names[i])] for i in cached.kept], np.int64)
        return {"sample": cached.images, "label": labels}

    def _classes(self, root: Path, names: Sequence[str]) -> tuple[str, ...]:
        if self.labels is False:
            return ()
        loose = [name for name in names if "/" not in name]
        classes = tuple(sorted({_class_of(name) for name in names if "/" in name}))
        if self.labels == "auto":
            return classes if len(classes) > 1 and not loose else ()
        if loose:
            raise UserError(
                f"{len(loose)} pictures lie in no sub-folder of {root.absolute()}, so they have no label: {loose[0]}, ...",
                "move them into one sub-folder a class, or set data.labels: false",
                key="data.labels",
            )
        return classes


def find_pictures(root: Path) -> list[str]:
    """The paths of all pictures under ``root``, relative to it, with "/", sorted. Links to folders are followed, once each."""
    found: list[str] = []
    seen: set[tuple[int, int]] = set()
    for folder, subfolders, files in os.walk(root, followlinks=True):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in seen:
            subfolders.clear()  # a link back up, or a second way to the same place
            continue
        seen.add((status.st_dev, status.st_ino))
        subfolders[:] = sorted(name for name in subfolders if not _is_litter(name))
        relative = Path(folder).relative_to(root).as_posix()
        prefix = "" if relative == "." else f"{relative}/"
        found += [prefix + name for name in files if name.lower().endswith(SUFFIXES) and not _is_litter(name)]
    return sorted(found)


def _is_litter(name: str) -> bool:
    """Hidden, or what macOS leaves in archives: copies of each file's name with no picture in them."""
    return name.startswith(".") or name == "__MACOSX"


def _class_of(name: str) -> str:
    return name.split("/", 1)[0]
