"""Where CelebA's files lie: as its Drive folders give them (Img, Eval, Anno), as Kaggle does (CSV, a folder twice), or otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from .images import SUFFIXES
from .tree import File, Tree, the_one

IMAGES, ARCHIVE, ATTRIBUTES, PARTITION = "img_align_celeba", "img_align_celeba.zip", "list_attr_celeba.txt", "list_eval_partition.txt"
MAX_LIST_BYTES = 1 << 26
"""The lists have up to 27 MB."""


@dataclass(frozen=True)
class Layout:
    """Files that belong together; what is None was not found.

    Args:
        picture: one of the pictures, beside which the others lie.
        partition, attributes: the lists, as text or CSV.
    """

    picture: File | None
    partition: File | None
    attributes: File | None

    def missing(self, labelled: bool) -> list[str]:
        """Official names of what was not found."""
        wanted = {ARCHIVE: self.picture, PARTITION: self.partition} | ({ATTRIBUTES: self.attributes} if labelled else {})
        return [name for name, file in wanted.items() if file is None]


def look(tree: Tree) -> Layout:
    """What lies below a root, in whatever folders and archives. Raises UserError where two lists of a name differ."""
    picture = tree.largest(lambda place: any(part.partition(".")[0] == IMAGES for part in place.split("/")), SUFFIXES)
    return Layout(picture, _list(tree, PARTITION), _list(tree, ATTRIBUTES))


def _list(tree: Tree, name: str) -> File | None:
    stem = PurePosixPath(name).stem
    found = tree.find(lambda _, name: name in (f"{stem}.txt", f"{stem}.csv"))
    return the_one([file for file in found if file.name.endswith(".txt")] or found, MAX_LIST_BYTES)


def rows(lines: list[str]) -> list[list[str]]:
    """Cells of the lines of a list, which commas, tabs or spaces part; [] for an empty line."""
    return [line.replace(",", " ").split() for line in lines]
