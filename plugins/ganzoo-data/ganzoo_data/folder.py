"""Any folder of pictures, or an archive of one: nested, of mixed formats, with class sub-folders as labels."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ganzoo import Dataset, Fraction, NonNegativeInt, PositiveInt, UserError
from ganzoo.data import BadImage, expanded

from .derived import Mask, conditions, hole, holed, refuse_remainder
from .files import is_litter
from .images import DECODER, Sides, decode, sides
from .labels import MAX_BYTES, Row, in_order, read_labels
from .sources import Source, open_source, size_of
from .tree import File, Tree, the_one

if TYPE_CHECKING:
    from ganzoo import Cache
    from ganzoo.data import Rows


TRAINING = ("train", "training", "trn")
SPLITS = (*TRAINING, "val", "valid", "validation", "dev", "test", "testing", "tst", "eval")
"""What folders are called that are splits and not classes, where all are called so; or train_set, Training Data and the like."""


class ImageFolder(Dataset):
    """The pictures under a folder, cut and resized to one size.

    Args:
        root: the folder, or a zip or tar of one, which is read in place. Sub-folders are searched too; hidden files and folders are not.
        size: edge of the images in pixels, or [rows, columns], to which pictures are cut and resized; null: that of the pictures,
            which must all have one.
        crop: edge in pixels of the centred square that is kept, before resizing; null: the largest.
        channels: 3 (RGB) or 1 (grey). What is transparent lies on white.
        flip: mirror images at random in training.
        labels: whether the first level of sub-folders gives the label, in alphabetical order ("10" before "2"); auto: where there are
            at least two, and no picture lies beside them; or a CSV or JSON file, in root, in each split or elsewhere, that names each
            picture's, by a column of labels or by one of 0s and 1s for each class.
        split: of sub-folders that are all called train, val, test or the like, or of a column "split" in the file of labels: which is
            taken, labelled by the folders in it; all: every one; auto: train; null: they are classes.
        max_bad: fraction of the pictures that may be unreadable; they are left out and named.
        low_resolution: give "source" as well: the image reduced so many times.
        mask: give "source" as well: the image with a hole of half its edge, in the middle or anywhere, and "mask", which is 1 in it;
            random: and "hole_anywhere", 1.
        overlap: pixels along the rim of the hole that "source" still shows.
    """

    source = "a folder of yours"

    def __init__(
        self,
        *,
        root: str,
        size: Sides | None = 64,
        crop: PositiveInt | None = None,
        channels: Literal[1, 3] = 3,
        flip: bool = False,
        labels: bool | str = "auto",
        split: str | None = "auto",
        max_bad: Fraction = 0.01,
        low_resolution: PositiveInt | None = None,
        mask: Mask | None = None,
        overlap: NonNegativeInt = 0,
    ) -> None:
        if low_resolution and mask:
            raise UserError("images have both a hole and a low resolution", "leave one of them out", key="low_resolution")
        if size:
            refuse_remainder(sides(size), low_resolution)
        self.low_resolution, self.mask, self.overlap = low_resolution, mask, overlap
        self.root, self.size, self.crop, self.channels = root, size, crop, channels
        self.flip, self.labels, self.split, self.max_bad = flip, labels, split, max_bad

    def arrays(self, cache: Cache) -> Mapping[str, Rows]:
        """{"sample": (N, channels, H, W) uint8, with labels "label": (N,) int64}; sets ``classes``, ``class_names``."""
        root, source = expanded(self.root), open_source(self.root, cache.reporter)
        names, by_name = self._labels(root, source.names, cache)
        size = sides(self.size or _common_size(source, names, self.crop))
        refuse_remainder(size, self.low_resolution)
        self.class_names = in_order(set(by_name.values())) if self._file else tuple(sorted(set(by_name.values())))
        self.classes = len(self.class_names)
        if root.is_dir() and self.classes and not self._file:
            _tell_of_empty(root, by_name, cache)
        cached = cache.images(
            {"dataset": "folder", "files": source.stamp(names), "crop": self.crop, "decoder": DECODER},
            names,
            lambda name: decode(source.get(name), size=size, crop=self.crop, channels=self.channels),
            (self.channels, *size),
            max_bad=self.max_bad,
        )
        given = {"sample": cached.images, **conditions(cached.images, self.low_resolution, self.mask, self.overlap)}
        given |= self._besides(root, source.names, names, cached.kept)
        if not self.classes:
            return given
        number = {name: i for i, name in enumerate(self.class_names)}
        labels = np.array([number[by_name[names[i]]] for i in cached.kept], np.int64)
        empty = [name for name, count in zip(self.class_names, np.bincount(labels, minlength=self.classes), strict=True) if not count]
        if empty:
            what = f"no picture of the class {', '.join(repr(name) for name in empty)} in {root.absolute()} can be read"
            raise UserError(what, "repair its pictures, or move them elsewhere", key="data.root")
        return {**given, "label": labels}

    def inputs_of(self, picture: np.ndarray) -> Mapping[str, np.ndarray]:
        """The picture with a hole, and where it is; nothing of its own where there are no holes."""
        return {"source": holed(picture, self.mask, 0, self.overlap), "mask": hole(picture.shape, self.mask, 0)} if self.mask else {}

    def _besides(self, root: Path, everything: Sequence[str], names: Sequence[str], kept: np.ndarray) -> Mapping[str, Rows]:
        """Further fields, of the pictures ``kept`` of ``names``, which are taken of ``everything`` there is."""
        return {}

    @property
    def _file(self) -> str:
        """The file of labels; "" where there is none."""
        return self.labels if isinstance(self.labels, str) and self.labels != "auto" else ""

    def _of_folders(self, root: Path, names: list[str], cache: Cache) -> list[str]:
        """The pictures of the chosen split, all where the folders are none."""
        if self.split is None or not _are_splits(names):
            return names
        taken = self._choose(f"the sub-folders of {root.absolute()}", {_parts(name)[0] for name in names}, cache)
        return [name for name in names if _parts(name)[0] in taken]

    def _choose(self, what: str, splits: Iterable[str], cache: Cache) -> Collection[str]:
        """Which of the splits that ``what`` names are taken."""
        splits = sorted(splits)
        if self.split in (None, "all") or (self.split == "auto" and len(splits) == 1):
            return splits
        taken = [name for name in splits if name == self.split or (self.split == "auto" and _plain(name) in TRAINING)]
        if len(taken) != 1:
            remedy = "choose one as data.split, or all; null: they are classes"
            raise UserError(f"{what} are splits: {', '.join(splits)}", remedy, key="data.split")
        if self.split == "auto":
            cache.reporter.say(f"{what}: {', '.join(splits)} are splits, of which {taken[0]} is taken (data.split)")
        return taken

    def _labels(self, root: Path, everything: list[str], cache: Cache) -> tuple[list[str], dict[str, str]]:
        """The pictures that are taken, with the label of each; {} where they have none."""
        names = self._of_folders(root, everything, cache)
        rows = self._rows(root, names, everything, cache) if self._file else {}
        if any(row.split for row in rows.values()):
            taken = self._choose(f"the splits in {self._file}", {row.split for row in rows.values()}, cache)
            names = [name for name in names if rows[name].split in taken]
        elif self.split not in (None, "auto", "all") and not _are_splits(names):
            there = ", ".join(dict.fromkeys(_parts(name)[0] for name in names if "/" in name)) or "none"
            raise UserError(f"the sub-folders of {root.absolute()} are no splits: {there}", "leave data.split out", key="data.split")
        if rows or self.labels is False:
            return names, {name: rows[name].label for name in names if rows}
        level = int(self.split is not None and _are_splits(names))
        loose = [name for name in names if len(_parts(name)) < level + 2]
        labels = {name: _parts(name)[level] for name in names if len(_parts(name)) >= level + 2}
        if not loose:
            return names, labels if self.labels is True or len(set(labels.values())) > 1 else {}
        what = f"{len(loose)} pictures lie in no sub-folder of {root.absolute()}, so they have no label: {loose[0]}, ..."
        remedy = "move them into one sub-folder a class, or set data.labels: false"
        if self.labels is True:
            raise UserError(what, remedy, key="data.labels")
        if len(set(labels.values())) > 1:
            cache.reporter.warn(f"{what}; nor has any other: {remedy}")
        return names, {}

    def _rows(self, root: Path, names: list[str], everything: list[str], cache: Cache) -> dict[str, Row]:
        """What the file of labels says of each picture, or one in each folder of a split."""
        found: dict[str, Row] = {}
        for file, below in self._files(root, names):
            listed = read_labels(file)
            found |= listed.of([name for name in names if name.startswith(below)])
            if absent := listed.absent([name for name in everything if name.startswith(below)]):
                cache.reporter.warn(f"{file} has labels of {len(absent)} pictures that are not there: {absent[0]}, ...")
            if listed.one_hot:
                cache.reporter.say(f"{file}: the label is the column with a 1 of {', '.join(listed.one_hot)}")
        return found

    def _files(self, root: Path, names: list[str]) -> list[tuple[File, str]]:
        """Files of labels, each with the folder whose pictures it labels: beside the data, where its path leads, or further down."""
        path = expanded(self._file)
        for base in (root if root.is_dir() else root.parent, Path()):
            if (base / path).is_file():
                return [(File(base, str(path)), "")]
        there = Tree(root).find(lambda place, name: name == path.name and f"/{place}/{name}".endswith(f"/{path.as_posix()}"))
        tops = sorted({_parts(name)[0] for name in names})
        of_tops = [[file for file in there if _parts(file.place)[-1] == top] for top in tops]
        if _are_splits(names) and all(len(files) == 1 for files in of_tops):
            return [(files[0], f"{top}/") for files, top in zip(of_tops, tops, strict=True)]
        return [(the_one(there, MAX_BYTES) or File(Path(), str(path)), "")]


def _common_size(source: Source, names: Sequence[str], crop: int | None) -> tuple[int, int]:
    """Rows and columns of pictures that are all of one size; what is no picture is refused where it is decoded.

    Raises:
        UserError: naming some that differ.
    """
    if crop is not None:
        return crop, crop
    sizes: dict[tuple[int, int], str] = {}
    for name in names:
        with suppress(BadImage):
            sizes.setdefault(size_of(source.get(name)), name)
    if len(sizes) > 1:
        which = ", ".join(f"{name} {width} x {height}" for (width, height), name in list(sizes.items())[:3])
        raise UserError(f"the pictures are not all of one size: {which}", "set data.size, to resize them", key="data.size")
    width, height = next(iter(sizes), (1, 1))
    return height, width


def _tell_of_empty(root: Path, labels: Mapping[str, str], cache: Cache) -> None:
    """Say which folders beside those of the classes hold no pictures: torchvision refuses them, here they are no classes."""
    parents = {tuple(_parts(name)[: _parts(name).index(label)]) for name, label in labels.items()}
    beside = {path.name for parent in parents for path in root.joinpath(*parent).iterdir() if path.is_dir() and not is_litter(path.name)}
    if empty := sorted(beside - set(labels.values())):
        named = ", ".join(empty[:5]) + " and more" * (len(empty) > 5)
        cache.reporter.warn(f"{root}: no pictures in {named}, so there is no such class")


def _are_splits(names: Iterable[str]) -> bool:
    """Whether all of them lie in folders that are called as splits are."""
    return all("/" in name and _plain(_parts(name)[0]) in SPLITS for name in names)


def _plain(folder: str) -> str:
    """A folder's name in small letters, without what says that it is a part of data."""
    return re.sub(r"[ _-]*(data|set|split|images)$", "", folder.lower())


def _parts(name: str) -> list[str]:
    return name.split("/")
