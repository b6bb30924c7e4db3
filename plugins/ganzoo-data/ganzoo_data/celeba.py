"""CelebA: 202,599 aligned faces of 178 x 218 pixels with 40 attributes, in the official layout."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ganzoo import Dataset, Fraction, PositiveInt, UserError, did_you_mean
from ganzoo.data import DECODER, BadImage, decode, stamp

from .archives import BadArchive, Zip
from .download import deliver

if TYPE_CHECKING:
    from ganzoo import Cache
    from ganzoo.data import Rows

IMAGES, ARCHIVE, ATTRIBUTES, PARTITION = "img_align_celeba", "img_align_celeba.zip", "list_attr_celeba.txt", "list_eval_partition.txt"
HOME = "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
SPLITS = {"train": "0", "valid": "1", "test": "2"}
MAX_FILE_BYTES = 1 << 24
"""No picture in the archive unpacks to more than 16 MiB; the real ones have about 10 kB."""


class CelebA(Dataset):
    """Faces of celebrities, 3 x size x size.

    Args:
        root: folder that holds ``img_align_celeba/`` or ``img_align_celeba.zip``, ``list_eval_partition.txt`` and, for labels,
            ``list_attr_celeba.txt``, directly or in its folder ``celeba``.
        split: train (162,770), valid (19,867), test (19,962) or all.
        size: edge of the images in pixels.
        crop: edge in pixels of the centred square that is kept, before resizing. Papers differ (178, 160, 148, 140, 108), and
            an FID at one crop cannot be compared with an FID at another.
        attribute: which of the 40 attributes is the label, 0 or 1 (``Smiling``); null: no labels.
        flip: mirror images at random in training.
        download: try to fetch what is missing into ``root/celeba``. The server's quota is often used up.
        max_bad: fraction of the images that may be missing or damaged; they are left out and named.
    """

    source = "CelebA; Liu, Luo, Wang and Tang 2015, arXiv:1411.7766; for non-commercial research only"

    def __init__(
        self,
        *,
        root: str = "data/celeba",
        split: Literal["train", "valid", "test", "all"] = "train",
        size: PositiveInt = 64,
        crop: PositiveInt = 178,
        attribute: str | None = None,
        flip: bool = True,
        download: bool = False,
        max_bad: Fraction = 0.0,
    ) -> None:
        self.root, self.split, self.size, self.crop = root, split, size, crop
        self.attribute, self.flip, self.download, self.max_bad = attribute, flip, download, max_bad
        if attribute is not None:
            self.classes, self.class_names = 2, (f"not {attribute}", attribute)

    def arrays(self, cache: Cache) -> Mapping[str, Rows]:
        """{"sample": (N, 3, size, size) uint8, with an attribute "label": (N,) int64, 1 where it is there}."""
        folder = self._find(cache)
        names = read_partition(folder / PARTITION, self.split)
        labels = None if self.attribute is None else read_attribute(folder / ATTRIBUTES, self.attribute)
        unlabelled = [name for name in names if labels is not None and name not in labels]
        if unlabelled:
            raise UserError(
                f"{ATTRIBUTES} lacks {len(unlabelled)} images of {PARTITION}: {unlabelled[0]}, ...", "get both again", key="data.root"
            )
        pictures = _Pictures(folder)
        cached = cache.images(
            {"dataset": "celeba", "split": self.split, "files": pictures.stamp(names), "crop": self.crop, "decoder": DECODER},
            names,
            lambda name: decode(pictures.get(name), size=self.size, crop=self.crop),
            (3, self.size, self.size),
            max_bad=self.max_bad,
        )
        if labels is None:
            return {"sample": cached.images}
        return {"sample": cached.images, "label": np.array([labels[names[i]] for i in cached.kept], np.int64)}

    def _find(self, cache: Cache) -> Path:
        """The folder that the files lie in."""
        root = Path(self.root).expanduser()
        missing = {folder: self._missing(folder) for folder in (root, root / "celeba")}
        for folder, names in missing.items():
            if not names:
                return folder
        nearest = min(missing, key=lambda folder: len(missing[folder]))
        by_hand = f"get what is missing from {HOME} and put it into {nearest.absolute()}, or set data.root"
        if not self.download:
            names = [f"{name} (or {IMAGES}/)" if name == ARCHIVE else name for name in missing[nearest]]
            raise UserError(f"{' and '.join(names)} not found in {nearest.absolute()}", by_hand, key="data.root")
        for name in missing[root / "celeba"]:
            _download(root / "celeba" / name, cache, by_hand)
        return root / "celeba"

    def _missing(self, folder: Path) -> list[str]:
        needed = [ARCHIVE, PARTITION] if self.attribute is None else [ARCHIVE, PARTITION, ATTRIBUTES]
        there = [ARCHIVE] if (folder / IMAGES).is_dir() else []
        return [name for name in needed if name not in there and not (folder / name).is_file()]


def _download(target: Path, cache: Cache, by_hand: str) -> None:
    """Fetch one file from where torchvision knows it to be."""

    def get(temporary: Path) -> None:
        from torchvision.datasets import CelebA as Known
        from torchvision.datasets.utils import download_file_from_google_drive

        file_id, md5 = {name: (file_id, md5) for file_id, md5, name in Known.file_list}[target.name]
        cache.reporter.say(f"downloading {target.name}")
        try:
            download_file_from_google_drive(file_id, str(temporary.parent), temporary.name, md5)
        except Exception as error:  # its downloader has exceptions of its own, and may not be installed
            reason = " ".join(str(error).split())
            raise UserError(f"{target.name} cannot be downloaded ({reason})", by_hand, key="data.root") from error

    deliver(target, get, cache.reporter)


def read_partition(path: Path, split: str) -> list[str]:
    """The names of the images of ``split``, in the list's order. Each line: a name, then 0, 1 or 2."""
    names = []
    for number, line in enumerate(_lines(path), start=1):
        name, _, part = line.partition(" ")
        part = part.strip()
        if part not in SPLITS.values():
            raise UserError(f"'{line[:60]}' is no line of this list", "get it again", key="data.root", where=f"{path}:{number}")
        if Path(name).name != name or name == ".." or "\\" in name:  # a list from elsewhere must not lead to files elsewhere
            raise UserError(f"'{name}' is a path, wanted a file name", "get the list again", key="data.root", where=f"{path}:{number}")
        if split == "all" or part == SPLITS[split]:
            names.append(name)
    if not names:
        raise UserError(f"{path} lists no images of the split '{split}'", "choose another data.split", key="data.split")
    return names


def read_attribute(path: Path, attribute: str) -> dict[str, int]:
    """Image name -> 1 where it has the attribute, 0 where not. Line 1: a count; 2: the names; then a name and 1s and -1s."""
    lines = _lines(path)
    attributes = lines[1].split() if len(lines) > 1 else []
    if attribute not in attributes:
        raise UserError(f"'{attribute}' is no attribute in {path}", did_you_mean(attribute, attributes), key="data.attribute")
    column = attributes.index(attribute) + 1
    found = {}
    for number, line in enumerate(lines[2:], start=3):
        cells = line.split()
        if len(cells) != len(attributes) + 1 or cells[column] not in ("1", "-1"):
            raise UserError(
                f"wanted a name and {len(attributes)} times 1 or -1", "get the list again", key="data.root", where=f"{path}:{number}"
            )
        found[cells[0]] = int(cells[column] == "1")
    return found


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}", "get it again", key="data.root") from error


class _Pictures:
    """The pictures, in a folder or, where there is none, in the archive. The archive is read in place, never unpacked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / IMAGES
        self._zip = None if self._folder.is_dir() else folder / ARCHIVE
        self._archive: Zip | None = None

    def stamp(self, names: list[str]) -> str:
        """What tells these files, and the list that names them, from changed ones."""
        if self._zip is None:
            return stamp(self._folder, names)
        return stamp(self._zip.parent, [ARCHIVE, PARTITION])

    def get(self, name: str) -> bytes | Path:
        """A picture's path or content. Raises BadImage where it is missing or damaged, UserError where the archive is."""
        if self._zip is None:
            return self._folder / name
        try:
            self._archive = self._archive or Zip(self._zip)
        except BadArchive as error:
            raise UserError(f"{self._zip} cannot be read: {error}", "delete it and get it again", key="data.root") from error
        try:
            return self._archive.read(f"{IMAGES}/{name}", MAX_FILE_BYTES)
        except BadArchive as error:
            raise BadImage(str(error)) from error
