"""Reads members of archives where they are. Nothing is unpacked: no name, link or device in an archive can lead anywhere.

What remains is to read no more than was asked for. Sizes that an archive states are not believed: each read is bounded by what
the caller allows, so that a bomb costs no more memory than the real thing would.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, Any, Protocol, cast

CHUNK_BYTES = 1 << 20
MAX_UNPACKED_BYTES = 1 << 37
"""The most that a compressed tar, or an archive in another, may unpack to: 128 GiB, less where the disk is full before."""
COMPRESSED: Mapping[bytes, Callable[[Any], Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
"""How a compressed file begins, and what opens it."""
ENDINGS = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz")
"""Names that are taken for those of archives, in lower case, where one is looked for."""
MAX_HEADER_BYTES = 1 << 20
"""The most that the header of a member of a tar may take; the real ones have 512 bytes, or some kilobytes with a long name."""
MAX_DIRECTORY_BYTES = 1 << 25
"""Length of a zip's list of members. CelebA's 202,599 take 20 MB; each entry becomes an object of half a kilobyte."""


class BadArchive(Exception):
    """An archive, or a member of one, that is not read. Its text is the reason."""


class Archive(Protocol):
    """An archive whose members are read by name, in any process."""

    names: list[str]
    """Of the plain files in it."""

    def read(self, name: str, limit: int) -> bytes:
        """A member's content. Raises BadArchive where it is damaged, or longer than ``limit`` bytes."""

    def copy(self, name: str, limit: int) -> IO[bytes]:
        """A member in a temporary file without a name. Raises BadArchive where it is damaged, or longer than ``limit`` bytes."""


def open_archive(file: IO[bytes], limit: int) -> Archive | None:
    """A zip or tar, the latter compressed or not, in a file on the disk; None where it is neither.

    A compressed tar is unpacked into a temporary file without a name, of at most ``limit`` bytes.

    Raises:
        BadArchive: where it cannot be read.
    """
    head = os.pread(file.fileno(), 512, 0)
    try:
        if head.startswith((b"PK\3\4", b"PK\5\6")):
            return Zip(file)
        if opener := next((opener for magic, opener in COMPRESSED.items() if head.startswith(magic)), None):
            with opener(_Independent(file)) as packed:
                return Tar(_keep(_chunks(packed), limit))
        return Tar(file) if head[257:262] == b"ustar" or tarfile.is_tarfile(cast(IO[bytes], _Independent(file))) else None
    except (OSError, EOFError, tarfile.TarError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise BadArchive(getattr(error, "strerror", None) or str(error)) from error


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def _keep(chunks: Iterable[bytes], limit: int) -> IO[bytes]:
    file = tempfile.TemporaryFile(prefix="ganzoo-")  # noqa: SIM115 (it lives as long as the archive)
    for chunk in chunks:
        if file.tell() + len(chunk) > limit:
            raise BadArchive(f"it unpacks to more than {limit} bytes")
        file.write(chunk)
    file.flush()
    return file


class _Independent(io.RawIOBase):
    """An open file read from a position of one's own, which no other process shares after a fork."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._at = file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at}.get(whence)
        self._at = offset + (os.fstat(self._file.fileno()).st_size if start is None else start)
        if self._at < 0:
            raise OSError("a position before its beginning")
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        count = os.preadv(self._file.fileno(), [buffer], self._at)
        self._at += count
        return count


class Zip:
    """A zip archive whose members are read by name.

    Args:
        file: the archive.

    Raises:
        BadArchive: where it cannot be read, lists a name twice, or lists too much.
    """

    def __init__(self, file: IO[bytes]) -> None:
        try:
            self._archive = zipfile.ZipFile(cast(IO[bytes], _BoundedReads(_Independent(file))))
        except OSError as error:
            raise BadArchive(error.strerror or str(error)) from error
        except (zipfile.BadZipFile, ValueError, RuntimeError) as error:  # a bad date, an unknown version
            raise BadArchive(str(error)) from error
        members = self._archive.namelist()
        if len(set(members)) < len(members):  # programs differ in which of the two they take
            raise BadArchive("it lists a name twice")
        self.names: list[str] = [name for name in members if not name.endswith("/")]

    def read(self, name: str, limit: int) -> bytes:
        """A member's content, checked against its CRC-32.

        Raises:
            BadArchive: where it is missing, damaged, encrypted, compressed in an unusual way, or longer than ``limit`` bytes.
        """
        try:
            member = self._archive.getinfo(name)
        except KeyError:
            raise BadArchive("not in the archive") from None
        if member.file_size > limit:
            raise BadArchive(f"unpacks to {member.file_size} bytes")
        content: bytes = self._unpack(member, lambda file: file.read(limit + 1))  # not ``read()``: that unpacks whatever was stated
        if len(content) != member.file_size:
            raise BadArchive(f"damaged in the archive: {len(content)} of {member.file_size} bytes")
        return content

    def copy(self, name: str, limit: int) -> IO[bytes]:
        """A member in a temporary file without a name. Raises BadArchive where it is damaged, or longer than ``limit`` bytes."""
        copied: IO[bytes] = self._unpack(self._archive.getinfo(name), lambda file: _keep(_chunks(file), limit))
        return copied

    def _unpack(self, member: zipfile.ZipInfo, use: Callable[[IO[bytes]], Any]) -> Any:
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # only of these can part be unpacked
            raise BadArchive(f"compressed by method {member.compress_type}, wanted 0 or 8")
        try:
            with self._archive.open(member) as file:
                return use(file)
        except (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError) as error:  # RuntimeError: encrypted
            raise BadArchive(f"damaged in the archive: {error}") from error


class _BoundedReads(io.BufferedReader):
    """A file for zipfile, which reads the list of members in one go, however long it says it is."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_DIRECTORY_BYTES:
            raise zipfile.BadZipFile(f"its list of members has {size} bytes, more than {MAX_DIRECTORY_BYTES}")
        return super().read(size)


class Shard(io.FileIO):
    """A file that tarfile reads headers of, and cannot be made to read more by a header that says so."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Bytes, no more than a header may have. Raises ReadError where more are asked for."""
        if size is None or not 0 <= size <= MAX_HEADER_BYTES:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return super().read(size)


class Tar:
    """A tar that is not compressed. Links and devices in it count as missing.

    Args:
        file: the archive.

    Raises:
        BadArchive, OSError, tarfile.TarError: where it cannot be read, or holds a name twice.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._places: dict[str, tuple[int, int]] = {}
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        with Shard(os.dup(file.fileno())) as headers, tarfile.open(fileobj=headers, mode="r:") as tar:
            for member in tar:
                if member.isreg() and not member.issparse():
                    if member.name.removeprefix("./") in self._places:  # programs differ in which of the two they take
                        raise BadArchive(f"it holds {member.name} twice")
                    self._places[member.name.removeprefix("./")] = (member.offset_data, member.size)
            if os.pread(file.fileno(), 512, tar.offset) != bytes(512):  # tarfile takes a damaged header, or none, for the end
                raise tarfile.ReadError(f"damaged, or cut short, at byte {tar.offset}")
        self.names = list(self._places)

    def read(self, name: str, limit: int) -> bytes:
        """A member's content. Raises BadArchive where it is missing, or longer than ``limit`` bytes."""
        if name not in self._places:
            raise BadArchive("not in the archive")
        offset, size = self._places[name]
        if size > limit:
            raise BadArchive(f"a member of {size} bytes")
        return os.pread(self._file.fileno(), size, offset)

    def copy(self, name: str, limit: int) -> IO[bytes]:
        """A member in a temporary file without a name. Raises BadArchive where it is damaged, or longer than ``limit`` bytes."""
        offset, size = self._places[name]
        starts = range(0, size, CHUNK_BYTES)
        return _keep((os.pread(self._file.fileno(), min(CHUNK_BYTES, size - start), offset + start) for start in starts), limit)
