"""Pictures with captions: a text file beside each, or one file for all; captions as vectors."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ganzoo import Fraction, PositiveInt, UserError
from ganzoo.data import expanded

from .files import listed, walk
from .folder import ImageFolder
from .images import NOT_READ, SUFFIXES, Sides
from .labels import read_labels
from .tree import File

if TYPE_CHECKING:
    from ganzoo.data import Rows


class Captioned(ImageFolder):
    """The pictures under a folder, each with a caption as a vector "text".

    Args:
        root: the folder, or with ``captions`` an archive of one. Sub-folders are searched too.
        size: edge of the images in pixels, or [rows, columns], to which pictures are cut and resized.
        crop: edge in pixels of the centred square that is kept, before resizing; null: the largest.
        channels: 3 (RGB) or 1 (grey).
        flip: mirror images at random in training: not where captions say left and right.
        captions: a CSV, JSON or JSON Lines file, in root or elsewhere, that names each picture and its caption; null: a file beside each
            picture of its name with the ending .txt, one caption a line, or several.
        text: words or characters: how often each occurs, as a vector of length 1, each counted where its hash says (Weinberger et al.,
            2009, arXiv:0902.2206); or a .npy file (N, D) of embeddings, a row for each picture in the order of their paths.
        text_dim: length D of a vector of words or characters.
        split: of sub-folders that are all called train, val, test or the like: which is taken; all: every one; auto: train.
        max_bad: fraction of the pictures that may be unreadable; they are left out and named.
        low_resolution: give "source" as well: the image reduced so many times.
    """

    def __init__(
        self,
        *,
        root: str,
        size: Sides | None = 64,
        crop: PositiveInt | None = None,
        channels: Literal[1, 3] = 3,
        flip: bool = False,
        captions: str | None = None,
        text: str = "words",
        text_dim: PositiveInt = 256,
        split: str | None = "auto",
        max_bad: Fraction = 0.01,
        low_resolution: PositiveInt | None = None,
    ) -> None:
        super().__init__(
            root=root,
            size=size,
            crop=crop,
            channels=channels,
            flip=flip,
            labels=False,
            split=split,
            max_bad=max_bad,
            low_resolution=low_resolution,
        )
        self.captions, self.text, self.text_dim = captions, text, text_dim

    def inputs_of_text(self, text: str) -> Mapping[str, np.ndarray]:
        """A caption of a user's own as the field "text" (D,).

        Raises:
            UserError: where captions are embeddings of a file, or it holds no word.
        """
        if self.text not in ("words", "characters"):
            raise UserError("this run was told embeddings, which ganzoo does not make of a text", "give them in Python: run(text=...)")
        if not (found := bag(text, self.text, self.text_dim)).any():
            raise UserError(f"it holds no {self.text}", "write a caption")
        return {"text": found}

    def _besides(self, root: Path, everything: Sequence[str], names: Sequence[str], kept: np.ndarray) -> Mapping[str, Rows]:
        if self.text not in ("words", "characters"):
            return {"text": _embeddings(expanded(self.text), len(names))[kept]}
        told = self._captions(root, everything, names)
        bags = {name: bag(told[name], self.text, self.text_dim) for name in names}
        if empty := [name for name in names if not told[name].strip() or not bags[name].any()]:
            what = f"{len(empty)} of {len(names)} captions hold no {self.text}: that of {empty[0]}, ..."
            raise UserError(what, "write one, or leave the picture out", key="data.captions")
        return {"text": np.stack([bags[names[i]] for i in kept.tolist()])}

    def _captions(self, root: Path, everything: Sequence[str], names: Sequence[str]) -> Mapping[str, str]:
        """The caption of each picture of ``names``.

        Raises:
            UserError: where one has none, or where there are captions of pictures that are not in ``everything``.
        """
        if self.captions:
            path = expanded(self.captions)
            base = next((base for base in (root if root.is_dir() else root.parent, Path()) if (base / path).is_file()), Path())
            given = read_labels(File(base, str(path)), "captions")
            _refuse_absent(str(path), given.absent(everything))
            return {name: row.label for name, row in given.of(names).items()}
        remedy = "write one, or name a file of all captions as data.captions"
        if not root.is_dir():
            raise UserError(f"{root.absolute()} is an archive, which captions lie in no files beside", remedy, key="data.captions")
        files = {name: (root / name).with_suffix(".txt") for name in names}
        if lacking := [name for name, file in files.items() if not file.is_file()]:
            what = (
                f"{len(lacking)} of {len(names)} pictures in {root.absolute()} have no caption: {files[lacking[0]].name}, ... is not there"
            )
            raise UserError(what, remedy, key="data.captions")
        _refuse_absent(str(root.absolute()), _alone(root))
        try:
            return {name: file.read_text(encoding="utf-8-sig") for name, file in files.items()}
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"a caption in {root.absolute()} cannot be read: {error}", "write it as UTF-8", key="data.captions") from error


def bag(caption: str, of: str, length: int) -> np.ndarray:
    """What a caption consists of (length,) float32: counts by hash, of length 1; 0 of an empty caption."""
    parts = re.findall(r"\w+", caption.lower()) if of == "words" else list(caption.lower())
    counts = np.bincount([zlib.crc32(part.encode()) % length for part in parts], minlength=length) if parts else np.zeros(length)
    return (counts / max(float(np.linalg.norm(counts)), 1e-12)).astype(np.float32)


def _alone(root: Path) -> list[str]:
    """Text files in ``root`` that lie beside no picture of their name; where ``root`` itself holds no picture, its own are not captions."""
    found: list[str] = []
    for folder, names in walk(root):
        pictures = {Path(name).stem for name in names if name.lower().endswith((*SUFFIXES, *NOT_READ))}
        if folder or pictures:
            found += [folder + name for name in names if name.endswith(".txt") and Path(name).stem not in pictures]
    return found


def _refuse_absent(where: str, absent: Sequence[str]) -> None:
    if absent:
        what = f"{where} has captions of pictures that are not there: {listed(absent, 3)}"
        raise UserError(what, "add the pictures, or leave these captions out", key="data.captions")


def _embeddings(path: Path, count: int) -> np.ndarray:
    """The rows of a .npy file.

    Raises:
        UserError: where it cannot be read, or is not ``count`` rows of finite numbers, not all 0.
    """
    try:
        found = np.load(path, allow_pickle=False)
    except Exception as error:  # a damaged file makes numpy raise nearly anything
        what = f"{path} cannot be read as embeddings: {error}"
        raise UserError(what, "give words, characters or a .npy file", key="data.text") from error
    if not isinstance(found, np.ndarray) or found.ndim != 2 or found.dtype.kind != "f" or len(found) != count or not found.shape[1]:
        what = f"{path} is not {count} rows of floats, one a picture"
        raise UserError(what, "save an array (N, D), its rows in the order of the pictures' paths", key="data.text")
    with np.errstate(over="ignore"):
        rows: np.ndarray = found.astype(np.float32)
    if not np.isfinite(rows).all():
        raise UserError(f"{path} holds numbers that are not finite in 32 bits", "make the embeddings again", key="data.text")
    if not (filled := rows.any(axis=1)).all():
        what = f"{path} has a row of zeros, that of picture {int(filled.argmin()) + 1}"
        raise UserError(what, "make the embeddings again", key="data.text")
    return rows
