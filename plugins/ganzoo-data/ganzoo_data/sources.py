"""Sources of pictures: a folder, a zip or a tar, which is read in place."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from PIL import Image

from ganzoo import UserError
from ganzoo.data import BadImage, expanded

from .archives import ENDINGS, BadArchive
from .files import contents, is_litter, listed, stamp, walk
from .images import NOT_READ, SUFFIXES
from .tree import Opened, Tree
from .webdataset import MAX_IMAGE_BYTES


class Reporter(Protocol):
    """Who is told: that of a cache is one."""

    def warn(self, text: str) -> None:
        """Show one line."""


class Source(Protocol):
    """Pictures by name."""

    names: list[str]
    """Their paths, with "/", sorted."""
    others: Mapping[str, int]
    """How many files of pictures there are whose format is not read, by their ending."""

    def get(self, name: str) -> bytes | Path:
        """A picture's path or content. Raises BadImage where it cannot be had."""

    def stamp(self, names: Iterable[str]) -> str:
        """What tells these pictures from changed ones."""


def open_source(root: str, reporter: Reporter) -> Source:
    """The pictures at ``root``; what is passed over there is said.

    Raises:
        UserError: where there are none, or the archive cannot be read.
    """
    path = expanded(root)
    source = _find(path)
    tell_of_others(source, path, reporter)
    if isinstance(source, Folder) and source.archives:
        remedy = "unpack them, or set data.root to one, where their pictures are meant, too"
        reporter.warn(f"{path}: passed over {listed(source.archives)} beside pictures; {remedy}")
    return source


def _find(path: Path) -> Source:
    """Those of a folder, or of an archive of one; or of a folder without pictures but with one archive that has some."""
    if not path.exists():
        near = f" ({contents(path.parent)})" if path.parent.is_dir() else ""
        raise UserError(
            f"the folder {path.absolute()} does not exist", f"set data.root to the folder of your pictures{near}", key="data.root"
        )
    if path.is_dir() and (folder := Folder(path)).names:
        return folder
    tree = Tree(path, thorough=True)
    packed = [Packed(opened) for opened in tree.archives]
    full = [source.name for source in packed if source.names]
    outermost = [source for source in packed if source.names and not any(source.name.startswith(f"{name}/") for name in full)]
    if len(outermost) == 1:
        return outermost[0]
    if outermost:
        what = f"{path.absolute()} holds no pictures, but archives that do: {listed([source.name for source in outermost])}"
        raise UserError(what, "set data.root to one of them, or unpack them", key="data.root")
    if path.is_dir() or packed:
        refuse_nothing(folder if path.is_dir() else packed[0], path, tree.contents())
    reason = tree.unread.get(path.name, "it is not a file")
    raise UserError(f"{path.absolute()} cannot be read: {reason}", "set data.root to a folder, or to a zip or tar of it", key="data.root")


class Folder:
    """A folder: links to folders are followed, hidden files and folders left out."""

    def __init__(self, root: Path) -> None:
        files = [folder + name for folder, names in walk(root) for name in names]
        self.root, self.others = root, count_others(files)
        self.names = sorted(name for name in files if name.lower().endswith(SUFFIXES))
        self.archives = sorted(name for name in files if name.lower().endswith(ENDINGS))

    def get(self, name: str) -> bytes | Path:
        """Its path."""
        return self.root / name

    def stamp(self, names: Iterable[str]) -> str:
        """That of the files."""
        return stamp(self.root, names)


class Packed:
    """An archive: its pictures under their names, without a folder that all of them lie in."""

    def __init__(self, opened: Opened) -> None:
        self.path, self.name, self._archive = opened.path, opened.name, opened.archive
        spelled = {name.replace("\\", "/"): name for name in self._archive.names}  # some of Windows write "\"
        files = {name: member for name, member in spelled.items() if not any(map(is_litter, name.split("/")))}
        self.others = count_others(files)
        pictures = [name for name in files if name.lower().endswith(SUFFIXES)]
        tops = {name.partition("/")[0] for name in pictures}
        top = f"{tops.pop()}/" if len(tops) == 1 and any(name.count("/") > 1 for name in pictures) else ""
        self._member = {name.removeprefix(top): files[name] for name in pictures}
        self.names = sorted(self._member)

    def get(self, name: str) -> bytes | Path:
        """Its content."""
        try:
            return self._archive.read(self._member[name], MAX_IMAGE_BYTES)
        except BadArchive as error:
            raise BadImage(str(error)) from error

    def stamp(self, names: Iterable[str]) -> str:
        """That of the archive, and which of its pictures are meant."""
        return stamp(self.path.parent, [self.path.name]) + "".join(f"\n{name}" for name in names)


def count_others(names: Iterable[str]) -> Mapping[str, int]:
    """How many of ``names`` are those of pictures that are not read here, by their ending."""
    endings = Counter(Path(name).suffix.lower() for name in names if name.lower().endswith(NOT_READ))
    return dict(sorted(endings.items()))


def tell_of_others(source: Source, root: Path, reporter: Reporter) -> None:
    """Say which files of pictures are passed over."""
    if source.others:
        what = f"{root}: passed over {_counted(source.others)}, which are not read here"
        reporter.warn(f"{what}; convert them to PNG or JPEG to have them too")


def refuse_nothing(source: Source, root: Path, found: str = "", key: str = "data.root") -> None:
    """Raise a UserError where a source has no pictures, saying what there is (``found``)."""
    if source.names:
        return
    what = f"no pictures in {root.absolute()}"
    if source.others:
        raise UserError(f"{what} but {_counted(source.others)}, which are not read here", "convert them to PNG or JPEG", key=key)
    raise UserError(what, f"name a folder with files called {', '.join(SUFFIXES)} ({found or contents(root)})", key=key)


def _counted(endings: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {ending}" for ending, count in endings.items())


def find_pictures(folder: Path) -> list[str]:
    """The paths of all pictures under a folder, relative to it, with "/", sorted."""
    return Folder(folder).names


def size_of(source: bytes | Path) -> tuple[int, int]:
    """Width and height of a picture, from its header. Raises BadImage where there is none."""
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
            return image.size
    except Exception as error:  # damaged files make PIL raise nearly anything
        raise BadImage(str(error)) from error
