"""Layouts of CelebA's files: as its Drive folders give them (Img, Eval, Anno), as Kaggle does (CSV, a folder within a folder), or flat."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

IMAGES, ARCHIVE, ATTRIBUTES, PARTITION = "img_align_celeba", "img_align_celeba.zip", "list_attr_celeba.txt", "list_eval_partition.txt"
BASES = ("", "celeba", "CelebA", "celeba-dataset", "archive")
FOLDERS = ("", "Img", "img", "Eval", "Anno", "eval", "anno")
PREFIXES = (f"{IMAGES}/", f"{IMAGES}/{IMAGES}/", "", f"CelebA/Img/{IMAGES}/", f"celeba/{IMAGES}/")
"""What stands before the names of the pictures in an archive."""


@dataclass(frozen=True)
class Layout:
    """Files that belong together; what is None was not found.

    Args:
        images: the folder or the archive of the pictures.
        partition, attributes: the lists, as text or CSV.
    """

    images: Path | None
    partition: Path | None
    attributes: Path | None

    def missing(self, labelled: bool) -> list[str]:
        """Official names of what was not found."""
        wanted = {ARCHIVE: self.images, PARTITION: self.partition} | ({ATTRIBUTES: self.attributes} if labelled else {})
        return [name for name, path in wanted.items() if path is None]


def look(base: Path) -> Layout:
    """What lies in ``base`` and its usual folders."""
    return Layout(_images(base), _list(base, PARTITION), _list(base, ATTRIBUTES))


def _images(base: Path) -> Path | None:
    for folder in (base / name for name in FOLDERS):
        if (inner := folder / IMAGES / IMAGES).is_dir():
            return inner
        for path in (folder / IMAGES, folder / ARCHIVE):
            if path.is_dir() or (path.name == ARCHIVE and path.is_file()):
                return path
    return None


def _list(base: Path, name: str) -> Path | None:
    names = (name, name.replace(".txt", ".csv"))
    return next((path for folder in FOLDERS for each in names if (path := base / folder / each).is_file()), None)


def rows(lines: list[str]) -> list[list[str]]:
    """Cells of the lines of a list, which commas, tabs or spaces part; [] for an empty line."""
    return [line.replace(",", " ").split() for line in lines]


def contents(folder: Path, most: int = 8) -> str:
    """What is in a folder, for a message."""
    if not folder.is_dir():
        return f"{folder.absolute()} is {'a file' if folder.exists() else 'not there'}"
    names = sorted(path.name + ("/" if path.is_dir() else "") for path in folder.iterdir())
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{folder.absolute()} holds {', '.join(names[:most]) or 'nothing'}{more}"
