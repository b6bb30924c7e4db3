"""Files that a data set knows by name, wherever below a root: in folders, in archives, and in archives within those."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from ganzoo import UserError

from .archives import ENDINGS, Archive, BadArchive, open_archive
from .files import contents, is_litter, listed, walk

DEPTH = 6
"""Folders that are looked into below each other."""
LEVELS = 2
"""Archives that are looked into within each other, below one on the disk."""


@dataclass(frozen=True)
class File:
    """A file on the disk, or in an archive.

    Args:
        base: the root, or the archive on the disk that it lies in.
        name: its path below the root, through archives, with "/".
        archive: which it lies in; None: it lies on the disk.
        member: its name there.
    """

    base: Path
    name: str
    archive: Archive | None = None
    member: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.member}" if self.archive else str(self.path)

    @property
    def path(self) -> Path:
        """Its own on the disk, or that of its archive."""
        return self.base if self.archive else self.base / self.name

    @property
    def place(self) -> str:
        """The path of the folder that it lies in, below the root."""
        return self.name.rpartition("/")[0]

    def beside(self, name: str) -> File:
        """Another file in its folder."""
        own = self.name.rpartition("/")[2]
        return replace(self, name=self.name.removesuffix(own) + name, member=self.member.removesuffix(own) + name)

    def read(self, limit: int) -> bytes:
        """Its content.

        Raises:
            OSError, BadArchive: where it cannot be read, or is longer than ``limit`` bytes.
        """
        if self.archive:
            return self.archive.read(self.member, limit)
        if self.path.exists() and not self.path.is_file():
            raise BadArchive("it is not a file")  # a pipe would never end
        with self.path.open("rb") as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise BadArchive(f"it has more than {limit} bytes")
        return content


@dataclass(frozen=True)
class Opened:
    """An archive below the root: its path through others, and that of the one on the disk."""

    name: str
    path: Path
    archive: Archive


@dataclass(frozen=True)
class Place:
    """A folder with the files that lie right in it.

    Args:
        base: the root, or the archive on the disk that it lies in.
        path: below the root, through archives; "" for the root.
        names: of its files.
        archive: which it lies in; None: it lies on the disk.
        within: what stands before its files' names in the archive.
    """

    base: Path
    path: str
    names: list[str]
    archive: Archive | None = None
    within: str = ""

    def file(self, name: str) -> File:
        """One of its files."""
        return File(self.base, f"{self.path}/{name}" if self.path else name, self.archive, self.within + name)


class Tree:
    """The files in a folder and below it, or in an archive.

    Args:
        root: the folder or archive; where it is neither, it holds nothing.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.unread: dict[str, str] = {}
        """Archives that could not be read, with the reason."""

    def find(self, fits: Callable[[str, str], bool]) -> list[File]:
        """The files whose place and name ``fits``: those on the disk; where there are none, those in archives."""
        for each in ("_on_disk", "_packed"):
            if found := [place.file(name) for place in getattr(self, each) for name in place.names if fits(place.path, name)]:
                return found
        return []

    def largest(self, fits: Callable[[str], bool], suffixes: tuple[str, ...]) -> File | None:
        """A file of the place that, of those that ``fits``, has most files of such names: on the disk, else in archives."""
        for each in ("_on_disk", "_packed"):
            places = [place for place in getattr(self, each) if fits(place.path)]
            named = [(place, [name for name in place.names if name.lower().endswith(suffixes)]) for place in places]
            place, names = max(named, key=lambda each: len(each[1]), default=(None, []))
            if place and names:
                return place.file(names[0])
        return None

    def contents(self) -> str:
        """What is there, for a message."""
        archives = [f"{opened.name} holds {listed(sorted(opened.archive.names))}" for opened in self.archives[:3]]
        return "; ".join([contents(self.root), *archives, *(f"{name} cannot be read: {reason}" for name, reason in self.unread.items())])

    @cached_property
    def archives(self) -> Sequence[Opened]:
        """The archives on the disk, each followed by those in it."""
        if self.root.is_file():
            return list(self._open(self.root.name, self.root, partial(self.root.open, "rb"), LEVELS))
        named = [place.file(name) for place in self._on_disk for name in place.names if name.lower().endswith(ENDINGS)]
        return [opened for file in named for opened in self._open(file.name, file.path, partial(file.path.open, "rb"), LEVELS)]

    @cached_property
    def _on_disk(self) -> Sequence[Place]:
        return [Place(self.root, folder.removesuffix("/"), names) for folder, names in walk(self.root, DEPTH)]

    @cached_property
    def _packed(self) -> Sequence[Place]:
        places: dict[tuple[str, str], Place] = {}
        for opened in self.archives:
            for member in opened.archive.names:
                folder, slash, name = member.replace("\\", "/").rpartition("/")  # some of Windows write "\\"
                if (opened.name, folder) not in places:
                    path = f"{opened.name}/{folder}" if folder else opened.name
                    places[opened.name, folder] = Place(opened.path, path, [], opened.archive, member[: len(folder + slash)])
                places[opened.name, folder].names.append(name)
        return [place for place in places.values() if not any(map(is_litter, place.path.split("/")))]

    def _open(self, name: str, path: Path, open_file: Callable[[], Any], levels: int) -> Iterator[Opened]:
        if not path.is_file():  # a pipe would never end
            return
        try:
            file = open_file()
            archive = open_archive(file)
        except (BadArchive, OSError) as error:
            self.unread[name] = getattr(error, "strerror", None) or str(error)
            return
        if archive is None:
            self.unread[name] = f"it is neither a zip nor a tar (it begins with {os.pread(file.fileno(), 8, 0)!r})"
            return
        yield Opened(name, path, archive)
        for member in archive.names if levels else ():
            if member.lower().endswith(ENDINGS) and not any(map(is_litter, member.split("/"))):
                yield from self._open(f"{name}/{member}", path, partial(archive.copy, member), levels - 1)


def the_one(files: Iterable[File], limit: int) -> File | None:
    """The file that is meant of those that fit: in one folder the first, of equal ones the one that lies highest; None of none.

    Raises:
        UserError: where several differ, or cannot be read; ``limit`` is the most bytes that are read of one.
    """
    by_place: dict[str, File] = {}
    for file in files:
        by_place.setdefault(file.place, file)
    if not by_place:
        return None
    first, *others = sorted(by_place.values(), key=lambda file: file.name.count("/"))
    for other in others:
        try:
            differ = first.read(limit) != other.read(limit)
        except (OSError, BadArchive):
            differ = True
        if differ:
            what = f"{first} and {other} are called the same, and differ"
            raise UserError(what, "set data.root to the folder of one of them", key="data.root")
    return first
