"""Sources of pictures: a folder, a zip or a tar, which is read in place."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Any, Protocol

from PIL import Image

from ganzoo import UserError
from ganzoo.data import BadImage, expanded

from .archives import BadArchive, Zip
from .celeba_layout import contents
from .files import stamp
from .images import SUFFIXES
from .webdataset import MAX_IMAGE_BYTES, Shard

MAX_TAR_BYTES = 1 << 37
"""The most that a compressed tar may unpack to: 128 GiB, less where the disk is full before."""

COMPRESSED: Mapping[bytes, Callable[[Path], Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
"""How a compressed file begins, and what opens it."""


class Source(Protocol):
    """Pictures by name."""

    names: list[str]
    """Their paths, with "/", sorted."""

    def get(self, name: str) -> bytes | Path:
        """A picture's path or content. Raises BadImage where it cannot be had."""

    def stamp(self, names: Iterable[str]) -> str:
        """What tells these pictures from changed ones."""


def open_source(root: str) -> Source:
    """The pictures at ``root``: a folder, or an archive of one.

    Raises:
        UserError: where there is neither, or the archive cannot be read.
    """
    path = expanded(root)
    if path.is_dir():
        return Folder(path)
    if not path.is_file():
        near = f" ({contents(path.parent)})" if path.parent.is_dir() else ""
        raise UserError(
            f"the folder {path.absolute()} does not exist", f"set data.root to the folder of your pictures{near}", key="data.root"
        )
    with path.open("rb") as file:
        head = file.read(512)
    try:
        if head.startswith((b"PK\3\4", b"PK\5\6")):
            return ZipSource(path)
        opener = next((opener for magic, opener in COMPRESSED.items() if head.startswith(magic)), None)
        if opener or head[257:262] == b"ustar" or tarfile.is_tarfile(path):
            return TarSource(path, opener)
    except (BadArchive, OSError, EOFError, tarfile.TarError, zlib.error, lzma.LZMAError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"{path.absolute()} cannot be read: {reason}", "get it again, or unpack it", key="data.root") from error
    what = f"the folder {path.absolute()} is a file, and neither a zip nor a tar (it begins with {head[:8]!r})"
    raise UserError(what, "set data.root to the folder that holds the data, or to a zip or tar of it", key="data.root")


class Folder:
    """A folder."""

    def __init__(self, root: Path) -> None:
        self.root, self.names = root, find_pictures(root)

    def get(self, name: str) -> bytes | Path:
        """Its path."""
        return self.root / name

    def stamp(self, names: Iterable[str]) -> str:
        """That of the files."""
        return stamp(self.root, names)


class _Archive:
    """An archive: its pictures under their names, without a folder that all of them lie in."""

    def __init__(self, path: Path, members: Iterable[str]) -> None:
        pictures = {spelled: name for name in members if is_picture(spelled := name.replace("\\", "/"))}  # some of Windows write "\"
        tops = {name.partition("/")[0] for name in pictures}
        top = f"{tops.pop()}/" if len(tops) == 1 and any(name.count("/") > 1 for name in pictures) else ""
        self._member = {spelled.removeprefix(top): name for spelled, name in pictures.items()}
        self.path, self.names = path, sorted(self._member)

    def stamp(self, names: Iterable[str]) -> str:
        """That of the archive, and which of its pictures are meant."""
        return stamp(self.path.parent, [self.path.name]) + "".join(f"\n{name}" for name in names)


class ZipSource(_Archive):
    """A zip. Each process opens it for itself.

    Raises:
        BadArchive: where it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, Zip(path).names)
        self._opened: tuple[int, Zip] = (-1, Zip(path))

    def get(self, name: str) -> bytes | Path:
        """Its content."""
        if self._opened[0] != os.getpid():  # after a fork two processes would share one position in the file
            self._opened = (os.getpid(), Zip(self.path))
        try:
            return self._opened[1].read(self._member[name], MAX_IMAGE_BYTES)
        except BadArchive as error:
            raise BadImage(str(error)) from error


class TarSource(_Archive):
    """A tar; one that is compressed is unpacked into a temporary file without a name, once.

    Raises:
        OSError, tarfile.TarError: where it cannot be read.
    """

    def __init__(self, path: Path, opener: Callable[[Path], Any] | None) -> None:
        self._file: IO[bytes] = _unpacked(path, opener) if opener else path.open("rb")
        self._places: dict[str, tuple[int, int]] = {}
        with Shard(os.dup(self._file.fileno())) as file, tarfile.open(fileobj=file, mode="r:") as tar:
            for member in tar:
                if member.isreg() and not member.issparse():
                    if member.name.removeprefix("./") in self._places:  # programs differ in which of the two they take
                        raise BadArchive(f"it holds {member.name} twice")
                    self._places[member.name.removeprefix("./")] = (member.offset_data, member.size)
            if os.pread(self._file.fileno(), 512, tar.offset) != bytes(512):  # tarfile takes a damaged header, or none, for the end
                raise tarfile.ReadError(f"damaged, or cut short, at byte {tar.offset}")
        super().__init__(path, self._places)

    def get(self, name: str) -> bytes | Path:
        """Its content."""
        offset, size = self._places[self._member[name]]
        if size > MAX_IMAGE_BYTES:
            raise BadImage(f"a member of {size} bytes")
        return os.pread(self._file.fileno(), size, offset)


def _unpacked(path: Path, opener: Callable[[Path], Any]) -> IO[bytes]:
    file = tempfile.TemporaryFile(prefix="ganzoo-")  # noqa: SIM115 (it lives as long as the source)
    with opener(path) as packed:
        while chunk := packed.read(1 << 20):
            if file.tell() + len(chunk) > MAX_TAR_BYTES:
                raise BadArchive(f"it unpacks to more than {MAX_TAR_BYTES} bytes")
            file.write(chunk)
    file.seek(0)
    return file


def size_of(source: bytes | Path) -> tuple[int, int]:
    """Width and height of a picture, from its header. Raises BadImage where there is none."""
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
            return image.size
    except Exception as error:  # damaged files make PIL raise nearly anything
        raise BadImage(str(error)) from error


def is_picture(name: str) -> bool:
    """Whether a path is one of a picture, in no hidden folder."""
    return name.lower().endswith(SUFFIXES) and not any(is_litter(part) for part in name.split("/"))


def find_pictures(root: Path) -> list[str]:
    """The paths of all pictures under ``root``, relative to it, with "/", sorted. Links to folders are followed, once each."""
    found: list[str] = []
    seen: set[tuple[int, int]] = set()
    for folder, subfolders, files in os.walk(root, followlinks=True):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in seen:
            subfolders.clear()  # a link back up, or a second way to the same place
            continue
        seen.add((status.st_dev, status.st_ino))
        subfolders[:] = sorted(name for name in subfolders if not is_litter(name))
        relative = Path(folder).relative_to(root).as_posix()
        prefix = "" if relative == "." else f"{relative}/"
        found += [prefix + name for name in files if name.lower().endswith(SUFFIXES) and not is_litter(name)]
    return sorted(found)


def is_litter(name: str) -> bool:
    """Hidden, or what macOS leaves in archives: copies of each file's name with no picture in them."""
    return (name.startswith(".") and name != ".") or name == "__MACOSX"
