"""Pictures of two domains: pairs, side by side in one file or in two folders, and domains without pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from ganzoo import Dataset, UserError
from ganzoo.data import BadImage, expanded

from .files import listed
from .images import DECODER, Sides, decode, sides
from .sources import Packed, Source, open_source

if TYPE_CHECKING:
    from ganzoo import Cache
    from ganzoo.data import Rows

Split = Literal["train", "val", "test"]


class TwoDomains(Dataset):
    """What both kinds have in common.

    Args:
        root: the folder, or a zip or tar of it.
        size: edge of the images in training, in pixels, or [rows, columns].
        load_size: edge, or [rows, columns], that pictures are resized to; of larger ones training takes a window of ``size``
            at random; null: ``size``.
        channels: 3 (RGB) or 1 (grey).
        flip: mirror images at random in training, those of a pair together.
        direction: what is translated into what: A, which is left, or B.
        split: which part: the sub-folder, or the beginning of the folders' names (trainA).
    """

    source = "a folder of yours"

    def __init__(
        self,
        *,
        root: str,
        size: Sides = 256,
        load_size: Sides | None = None,
        channels: Literal[1, 3] = 3,
        flip: bool = False,
        direction: Literal["AtoB", "BtoA"] = "AtoB",
        split: Split = "train",
    ) -> None:
        part, whole = sides(size), sides(load_size or size)
        if any(loaded < taken for loaded, taken in zip(whole, part, strict=True)):
            what = f"pictures of {' x '.join(map(str, whole))} pixels hold no window of {' x '.join(map(str, part))}"
            raise UserError(what, "make it at least data.size", key="load_size")
        self.root, self.size, self.load_size, self.channels = root, part, whole, channels
        self.flip, self.direction, self.split = flip, direction, split
        self.window = part if whole != part else None

    def _domains(self, names: Sequence[str]) -> tuple[str, str] | None:
        """The folders of A and B: trainA and trainB, A/train and B/train, train/A and train/B, or A and B; None where there are none.

        Raises:
            UserError: where one is there without the other, or spelled otherwise.
        """
        ways = [(f"{self.split}A/", f"{self.split}B/"), *((f"{before}A{after}/", f"{before}B{after}/") for before, after in self._nested())]
        tops = {name[: name.index("/") + 1] for name in names if "/" in name and not _in_split(name.partition("/")[2])}
        folders = tops | {"/".join(parts[:2]) + "/" for name in names if len(parts := name.split("/")) > 2}
        for a, b in ways:
            there = sorted(folder for folder in folders if folder.lower() in (a.lower(), b.lower()))
            if {a, b} <= {*there}:
                return a, b
            if there:
                what = f"{expanded(self.root).absolute()} has pictures in {listed(there)}, wanted in both {a} and {b}"
                raise UserError(what, "add what is missing, or spell the folders so", key="data.root")
        return None

    def _nested(self) -> list[tuple[str, str]]:
        return [("", f"/{self.split}"), (f"{self.split}/", ""), *([("", "")] if self.split == "train" else [])]

    def _ordered(self, a: Rows, b: Rows) -> dict[str, Rows]:
        return {"source": a, "sample": b} if self.direction == "AtoB" else {"source": b, "sample": a}

    def _images(self, cache: Cache, source: Source, names: Sequence[str], both: bool = False) -> Rows:
        """The pictures, or two side by side."""
        (rows, columns), channels = self.load_size, self.channels
        shape = (channels, rows, 2 * columns if both else columns)

        def read(name: str) -> np.ndarray:
            picture = source.get(name)
            return halves(picture, self.load_size, channels) if both else decode(picture, size=self.load_size, channels=channels)

        key: dict[str, Any] = {"dataset": "pairs", "side_by_side": both, "files": source.stamp(names), "decoder": DECODER}
        return cache.images(key, names, read, shape).images


class Paired(TwoDomains):
    """Pairs of pictures: "source" is to become "sample". Side by side in one file (A | B), or of equal names in two folders.

    Args:
        root: a folder, or a zip or tar, with the files of pairs, in it or in its sub-folder ``split``; or with the folders trainA and
            trainB, A and B.
        size: edge of the images in training, in pixels, or [rows, columns].
        load_size: edge, or [rows, columns], that pictures are resized to; of larger ones training takes a window of ``size``
            at random; null: ``size``.
        channels: 3 (RGB) or 1 (grey).
        flip: mirror images at random in training, those of a pair together.
        direction: what is translated into what: A, which is left, or B.
        split: which part: the sub-folder, or the beginning of the folders' names (trainA).
    """

    def arrays(self, cache: Cache) -> Mapping[str, Rows]:
        """{"source", "sample": (N, channels, H, W) uint8}."""
        source = open_source(self.root, cache.reporter)
        if domains := self._domains(source.names):
            a, b = (_by_stem(folder, source) for folder in domains)
            if alone := sorted(a.keys() ^ b.keys()):
                where, there = (domains[1], a) if alone[0] in a else (domains[0], b)
                what = f"{expanded(self.root).absolute() / where} has no partner of {there[alone[0]]} (and of {len(alone) - 1} more)"
                raise UserError(what, "give both the same name, or take the data set 'unpaired'", key="data.root")
            return self._ordered(*(self._images(cache, source, [of[name] for name in sorted(of)]) for of in (a, b)))
        names = _below(f"{self.split}/", source) or (_at_the_top(source) if self.split == "train" else [])
        if not names:
            others = listed(sorted({name.rpartition("/")[0] for name in source.names} - {""}))
            what = f"{expanded(self.root).absolute()} has no pictures in a sub-folder {self.split} (those with pictures: {others})"
            raise UserError(what, "choose another data.split, or name the folder so", key="data.split")
        both = self._images(cache, source, names, both=True)
        return self._ordered(Columns(both, 0, self.load_size[1]), Columns(both, self.load_size[1], 2 * self.load_size[1]))


class Unpaired(TwoDomains):
    """Pictures of two domains without pairs: "source" is to become like "sample". Each has its own number and order.

    Args:
        root: a folder, or a zip or tar, with the folders trainA and trainB, A/train and B/train, or A and B.
        size: edge of the images in training, in pixels, or [rows, columns].
        load_size: edge, or [rows, columns], that pictures are resized to; of larger ones training takes a window of ``size``
            at random; null: ``size``.
        channels: 3 (RGB) or 1 (grey).
        flip: mirror images at random in training.
        direction: what is translated into what.
        split: which part: the beginning of the folders' names (trainA), or a sub-folder.
    """

    independent = frozenset({"source"})

    def arrays(self, cache: Cache) -> Mapping[str, Rows]:
        """{"source": (M, channels, H, W), "sample": (N, ...) uint8}."""
        source = open_source(self.root, cache.reporter)
        domains = self._domains(source.names)
        if domains is None:
            there = ", ".join(sorted({name.partition("/")[0] for name in source.names if "/" in name})) or "none"
            what = f"{expanded(self.root).absolute()} has no folders {self.split}A and {self.split}B (those with pictures: {there})"
            raise UserError(what, "name them so, or A and B", key="data.root")
        return self._ordered(*(self._images(cache, source, _below(folder, source)) for folder in domains))


class Columns:
    """Some columns of stored pictures.

    Args:
        rows: (N, C, H, W).
        start, end: the columns.
    """

    def __init__(self, rows: Rows, start: int, end: int) -> None:
        self._rows, self._columns, self.dtype = rows, slice(start, end), rows.dtype
        self.shape = (*rows.shape[:-1], end - start)
        self.nbytes = rows.nbytes * (end - start) // rows.shape[-1]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, picked: Any) -> np.ndarray:
        return np.ascontiguousarray(self._rows[picked][..., self._columns])


def halves(picture: bytes | Path, size: tuple[int, int], channels: Literal[1, 3]) -> np.ndarray:
    """The left and the right half of a picture, each resized to ``size`` by itself, so that neither bleeds into the other.

    Raises:
        BadImage: where it cannot be two side by side: of an odd width, or neither wider than high nor than one of ``size`` would be.
    """
    from PIL import Image

    whole = decode(picture, size=None, channels=channels)
    height, width = whole.shape[1:]
    if width % 2 or width <= min(height, height * size[1] / size[0]):
        raise BadImage(f"{width} x {height} pixels are no two pictures side by side")
    found = []
    for half in np.split(whole, 2, axis=2):
        planes = [Image.fromarray(plane).resize(size[::-1], Image.Resampling.BILINEAR) for plane in np.ascontiguousarray(half)]
        found.append(np.stack([np.asarray(plane) for plane in planes]))
    return np.concatenate(found, axis=2)


def _below(folder: str, source: Source) -> list[str]:
    """The pictures in a folder; not those in splits of it, which are named themselves where they are meant."""
    return [name for name in source.names if name.startswith(folder) and not _in_split(name[len(folder) :])]


def _in_split(name: str) -> bool:
    return "/" in name and name.partition("/")[0] in get_args(Split)


def _at_the_top(source: Source) -> list[str]:
    """The pictures in no folder, or those of an archive that holds but one folder, which is no split nor a domain of one."""
    first, *others = {name.rpartition("/")[0] for name in source.names}
    if isinstance(source, Packed) and not others and first.lower().rstrip("ab") not in get_args(Split):
        return source.names
    return [name for name in source.names if "/" not in name]


def _by_stem(folder: str, source: Source) -> dict[str, str]:
    """The pictures in a folder by their path in it without its ending. Raises UserError where two share one."""
    found: dict[str, str] = {}
    for name in _below(folder, source):
        if (first := found.setdefault(str(Path(name).with_suffix(""))[len(folder) :], name)) != name:
            raise UserError(f"{first} and {name} are called the same but for the ending", "keep the one that is meant", key="data.root")
    return found
