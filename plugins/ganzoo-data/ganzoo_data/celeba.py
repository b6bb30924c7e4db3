"""CelebA: 202,599 aligned faces of 178 x 218 pixels with 40 attributes, in the official layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ganzoo import Dataset, Fraction, PositiveInt, UserError, did_you_mean
from ganzoo.data import BadImage, expanded

from .archives import BadArchive
from .celeba_layout import ARCHIVE, ATTRIBUTES, IMAGES, MAX_LIST_BYTES, PARTITION, Layout, look, rows
from .download import deliver
from .files import stamp, text_of
from .images import DECODER, decode
from .tree import File, Tree

if TYPE_CHECKING:
    from ganzoo import Cache
    from ganzoo.data import Rows

HOME = "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
SPLITS = {"train": "0", "valid": "1", "test": "2"}
MAX_FILE_BYTES = 1 << 24
"""No picture in the archive unpacks to more than 16 MiB; the real ones have about 10 kB."""


class CelebA(Dataset):
    """Faces of celebrities, 3 x size x size.

    Args:
        root: folder that holds ``img_align_celeba/`` or ``img_align_celeba.zip``, ``list_eval_partition.txt`` and, for labels,
            ``list_attr_celeba.txt``, or these as ``.csv``, in it, in folders below it or in an archive; or such an archive.
        split: train (162,770), valid (19,867), test (19,962) or all.
        size: edge of the images in pixels.
        crop: edge in pixels of the centred square that is kept, before resizing. Papers differ (178, 160, 148, 140, 108), and
            an FID at one crop cannot be compared with an FID at another.
        attribute: which of the 40 attributes is the label, 0 or 1 (``Smiling``); null: no labels.
        attributes: in its place, those that a network learns to change: "attributes", 1 or -1 each, and as "label" one change that
            a picture can undergo, drawn: 2i to lose the attribute i, 2i + 1 to have it.
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
        attributes: tuple[str, ...] = (),
        flip: bool = True,
        download: bool = False,
        max_bad: Fraction = 0.0,
    ) -> None:
        self.root, self.split, self.size, self.crop = root, split, size, crop
        self.attribute, self.flip, self.download, self.max_bad = attribute, flip, download, max_bad
        self._asked, self._key = (attributes, "data.attributes") if attribute is None else ((attribute, *attributes), "data.attribute")
        if attribute is not None and attributes:
            raise UserError("one attribute is the label, or several are changed", "leave one of both out", key="data.attributes")
        if twice := [name for i, name in enumerate(attributes) if name in attributes[:i]]:
            raise UserError(f"'{twice[0]}' is named twice", "leave one of them out", key="data.attributes")
        self.attributes, self.class_names = attributes, tuple(text for name in self._asked for text in (f"not {name}", name))
        self.classes = len(self.class_names)

    def arrays(self, cache: Cache) -> Mapping[str, Rows]:
        """{"sample": (N, 3, size, size) uint8}; with an attribute "label": (N,) int64; with several "attributes": (N, A) float32, too."""
        layout = self._find(cache)
        assert layout.picture is not None  # or ``_find`` had refused
        assert layout.partition is not None
        names = read_partition(layout.partition, self.split)
        labels = read_attributes(layout.attributes, self._asked, self._key) if self._asked and layout.attributes else None
        unlabelled = [name for name in names if labels is not None and name not in labels]
        if unlabelled:
            raise UserError(
                f"{ATTRIBUTES} lacks {len(unlabelled)} images of {PARTITION}: {unlabelled[0]}, ...", "get both again", key="data.root"
            )
        pictures = _Pictures(layout.picture, layout.partition)
        cached = cache.images(
            {"dataset": "celeba", "split": self.split, "files": pictures.stamp(names), "crop": self.crop, "decoder": DECODER},
            names,
            lambda name: decode(pictures.get(name), size=self.size, crop=self.crop),
            (3, self.size, self.size),
            max_bad=self.max_bad,
        )
        if labels is None:
            return {"sample": cached.images}
        there = np.array([labels[names[i]] for i in cached.kept], np.int64).reshape(-1, len(self._asked))
        if not self.attributes:
            return {"sample": cached.images, "label": there[:, 0]}
        which = np.random.default_rng(0).integers(len(self.attributes), size=len(there))
        change = 2 * which + 1 - there[np.arange(len(there)), which]
        return {"sample": cached.images, "attributes": (2 * there - 1).astype(np.float32), "label": change}

    def _find(self, cache: Cache) -> Layout:
        """Where the files lie."""
        root = expanded(self.root)
        layout, labelled = look(tree := Tree(root)), bool(self._asked)
        by_hand = f"get what is missing from {HOME} and put it into {root.absolute()}, or set data.root"
        if self.download and layout.missing(labelled):
            for name in layout.missing(labelled):
                _download(root / "celeba" / name, cache, by_hand)
            layout = look(tree := Tree(root))
        if missing := layout.missing(labelled):
            if reason := next((reason for name, reason in tree.unread.items() if name.rpartition("/")[2] == ARCHIVE), None):
                raise UserError(f"{root / ARCHIVE} cannot be read: {reason}", "delete it and get it again", key="data.root")
            names = [f"{name} (or {IMAGES}/)" if name == ARCHIVE else name for name in missing]
            what = f"{' and '.join(names)} not found in {root.absolute()}, its folders and archives"
            raise UserError(what, f"{by_hand} ({tree.contents()})", key="data.root")
        return layout


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


def read_partition(path: File, split: str) -> list[str]:
    """The names of the images of ``split``, in the list's order. Each line: a name, then 0, 1 or 2."""
    parts: dict[str, str] = {}
    lines = _lines(path)
    for number, (line, cells) in enumerate(zip(lines, rows(lines), strict=True), start=1):
        if not cells or (number == 1 and cells[0] == "image_id"):
            continue
        name, part = (cells[0], cells[1]) if len(cells) == 2 else (line, "")
        if part not in SPLITS.values():
            raise UserError(f"'{line[:60]}' is not a line of this list", "get it again", key="data.root", where=f"{path}:{number}")
        if Path(name).name != name or name == ".." or "\\" in name:  # a list from elsewhere must not lead to files elsewhere
            raise UserError(f"'{name}' is a path, wanted a file name", "get the list again", key="data.root", where=f"{path}:{number}")
        if name in parts:
            raise UserError(f"'{name}' is listed twice", "get the list again", key="data.root", where=f"{path}:{number}")
        parts[name] = part
    names = [name for name, part in parts.items() if split == "all" or part == SPLITS[split]]
    if not names:
        raise UserError(f"{path} lists no images of the split '{split}'", "choose another data.split", key="data.split")
    return names


def read_attributes(path: File, wanted: Sequence[str], key: str = "data.attribute") -> dict[str, list[int]]:
    """Image name -> for each attribute 1 where it has it, 0 where not. Line 1: a count; 2: the names; then a name and 1s and -1s."""
    lines = _lines(path)
    cells_of = rows(lines)
    first = 1 if lines and cells_of[0][:1] == ["image_id"] else 2  # a CSV has its header first, the official list a count before it
    attributes = [name for name in cells_of[first - 1] if name != "image_id"] if len(lines) >= first else []
    if {"1", "-1"} & {*attributes}:
        what = f"'{lines[first - 1][:60]}' is not the line of the attributes' names"
        raise UserError(what, "get the list again", key="data.root", where=f"{path}:{first}")
    for name in wanted:
        if name not in attributes:
            raise UserError(f"'{name}' is not an attribute in {path}", did_you_mean(name, attributes), key=key)
    columns = [attributes.index(name) + 1 for name in wanted]
    found: dict[str, list[int]] = {}
    for number, cells in enumerate(cells_of[first:], start=first + 1):
        if not cells:
            continue
        if len(cells) != len(attributes) + 1 or any(cells[column] not in ("1", "-1") for column in columns):
            raise UserError(
                f"wanted a name and {len(attributes)} times 1 or -1", "get the list again", key="data.root", where=f"{path}:{number}"
            )
        has = [int(cells[column] == "1") for column in columns]
        if found.setdefault(cells[0], has) != has:
            what = f"'{cells[0]}' is listed before with other attributes"
            raise UserError(what, "get the list again", key="data.root", where=f"{path}:{number}")
    return found


def _lines(path: File) -> list[str]:
    try:
        return text_of(path.read(MAX_LIST_BYTES)).splitlines()
    except (OSError, UnicodeDecodeError, BadArchive) as error:
        raise UserError(f"{path} cannot be read: {error}", "get it again", key="data.root") from error


class _Pictures:
    """The pictures, beside one of them: in a folder or an archive, which is read in place, never unpacked."""

    def __init__(self, one: File, partition: File) -> None:
        self._one, self._partition = one, partition

    def stamp(self, names: list[str]) -> str:
        """What tells these files, and the list that names them, from changed ones."""
        if self._one.archive is None:
            return stamp(self._one.path.parent, names)
        return "".join(stamp(file.path.parent, [file.path.name]) for file in (self._one, self._partition))

    def get(self, name: str) -> bytes | Path:
        """A picture's path or content. Raises BadImage where it is missing or damaged."""
        file = self._one.beside(name)
        try:
            return file.read(MAX_FILE_BYTES) if file.archive else file.path
        except BadArchive as error:
            raise BadImage(str(error)) from error
