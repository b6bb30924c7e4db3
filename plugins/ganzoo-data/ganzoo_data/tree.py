"""Files that a data set knows by name, wherever below a root: in folders, in archives, and in archives within those."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from ganzoo import UserError

from . import archives
from .archives import ENDINGS, Archive, BadArchive, open_archive
from .files import contents, is_litter, listed, walk

DEPTH = 6
"""Folders that are looked into below each other."""
MAX_SEARCHED_BYTES = 1 << 32
"""Tars, and archives in archives, of more than 4 GiB are not looked into by the way: that takes to read, or unpack, all of them."""
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
        thorough: whether large archives in it are looked into, too; the root is, whatever its size.
    """

    def __init__(self, root: Path, thorough: bool = False) -> None:
        self.root, self._thorough = root, thorough or root.is_file()
        self._most = archives.MAX_UNPACKED_BYTES if self._thorough else MAX_SEARCHED_BYTES
        self.unread: dict[str, str] = {}
        """Archives that could not be read, with the reason."""

    def find(self, fits: Callable[[str, str], bool]) -> list[File]:
        """The files whose place and name ``fits``: those on the disk; where there are none, those in archives."""
        for places in self._places():
            if found := [place.file(name) for place in places for name in place.names if fits(place.path, name)]:
                return found
        return []

    def largest(self, fits: Callable[[str], bool], suffixes: tuple[str, ...]) -> File | None:
        """A file of the place that, of those that ``fits``, has most files of such names: on the disk, else in archives."""
        for places in self._places():
            most: list[str] = []
            for place in places:
                names = [name for name in place.names if name.lower().endswith(suffixes)] if fits(place.path) else []
                if len(names) > len(most):
                    where, most = place, names
            if most:
                return where.file(most[0])
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

    def _places(self) -> Iterator[Sequence[Place]]:
        """Those on the disk, then those in archives, which are opened where they are asked for."""
        yield self._on_disk
        yield self._packed

    @cached_property
    def _on_disk(self) -> Sequence[Place]:
        return [Place(self.root, folder.removesuffix("/"), names) for folder, names in walk(self.root, DEPTH)]

    @cached_property
    def _packed(self) -> Sequence[Place]:
        places: list[Place] = []
        for opened in self.archives:
            folders: dict[str, list[str]] = {}
            for member in opened.archive.names:
                end = max(member.rfind("/"), member.rfind("\\")) + 1  # some of Windows write "\\"
                folders.setdefault(member[:end], []).append(member[end:])
            for within, names in folders.items():
                path = f"{opened.name}/{within}".replace("\\", "/").rstrip("/")
                places.append(Place(opened.path, path, names, opened.archive, within))
        return [place for place in places if not any(map(is_litter, place.path.split("/")))]

    def _open(self, name: str, path: Path, open_file: Callable[[], Any], levels: int) -> Iterator[Opened]:
        if not path.is_file():  # a pipe would never end
            return
        try:
            file = open_file()
            size = os.fstat(file.fileno()).st_size
            if size > self._most and not self._thorough and not name.lower().endswith(".zip"):
                raise BadArchive(f"{size} bytes are too many to look into; unpack it, or set data.root to it")
            archive = open_archive(file, self._most)
        except (BadArchive, OSError) as error:
            self.unread[name] = getattr(error, "strerror", None) or str(error)
            return
        if archive is None:
            self.unread[name] = f"it is neither a zip nor a tar (it begins with {os.pread(file.fileno(), 8, 0)!r})"
            return
        yield Opened(name, path, archive)
        for member in archive.names if levels else ():
            if member.lower().endswith(ENDINGS) and not any(map(is_litter, member.split("/"))):
                yield from self._open(f"{name}/{member}", path, partial(archive.copy, member, self._most), levels - 1)


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
