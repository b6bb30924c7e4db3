"""Reads members of archives where they are. Nothing is unpacked: no name, link or device in an archive can lead anywhere.

What remains is to read no more than was asked for. Sizes that an archive states are not believed: each read is bounded by what
the caller allows, so that a bomb costs no more memory than the real thing would.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import IO, cast

MAX_DIRECTORY_BYTES = 1 << 25
"""Length of a zip's list of members. CelebA's 202,599 take 20 MB; each entry becomes an object of half a kilobyte."""
MAX_MEMBERS = 1 << 16
"""Members of a tar. Those read here have less than ten."""


class BadArchive(Exception):
    """An archive, or a member of one, that is not read. Its text is the reason."""


class Zip:
    """A zip archive whose members are read by name.

    Args:
        path: the archive.

    Raises:
        BadArchive: where it cannot be read, lists a name twice, or lists too much.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._archive = zipfile.ZipFile(cast(IO[bytes], _BoundedReads(path.open("rb", buffering=0))))
        except OSError as error:
            raise BadArchive(error.strerror or str(error)) from error
        except (zipfile.BadZipFile, ValueError, RuntimeError) as error:  # a bad date, an unknown version
            raise BadArchive(str(error)) from error
        members = self._archive.namelist()
        if len(set(members)) < len(members):  # programs differ in which of the two they take
            raise BadArchive("it lists a name twice")
        self.names: list[str] = members

    def member(self, name: str, prefixes: Sequence[str]) -> str:
        """The member of a file's name behind the first of ``prefixes`` that there is one of; behind the first where there is none."""
        return next((prefix + name for prefix in prefixes if prefix + name in self._archive.NameToInfo), prefixes[0] + name)

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
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # only of these can part be unpacked
            raise BadArchive(f"compressed by method {member.compress_type}, wanted 0 or 8")
        try:
            with self._archive.open(member) as file:
                content = file.read(limit + 1)  # not ``read()``: that unpacks all there is, whatever size was stated
        except (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError) as error:  # RuntimeError: encrypted
            raise BadArchive(f"damaged in the archive: {error}") from error
        if len(content) != member.file_size:
            raise BadArchive(f"damaged in the archive: {len(content)} of {member.file_size} bytes")
        return content


class _BoundedReads(io.BufferedReader):
    """A file for zipfile, which reads the list of members in one go, however long it says it is."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_DIRECTORY_BYTES:
            raise zipfile.BadZipFile(f"its list of members has {size} bytes, more than {MAX_DIRECTORY_BYTES}")
        return super().read(size)


def read_tar(path: Path, wanted: Collection[str], limit: int, limit_total: int) -> dict[str, bytes]:
    """Members of a tar that is compressed with gzip.

    Args:
        path: the archive.
        wanted: names of plain files. A link or device of such a name counts as missing: it could mean a file outside.
        limit: the most bytes that are read of one; a longer one comes with one byte more.
        limit_total: the most bytes that the whole may unpack to.

    Returns:
        What was found: name -> content.

    Raises:
        BadArchive: where it cannot be read, holds a name twice, or unpacks to too much.
    """
    found: dict[str, bytes] = {}
    try:
        with gzip.open(path) as unpacked, tarfile.open(fileobj=_Limited(cast(IO[bytes], unpacked), limit_total), mode="r|") as tar:
            for count, member in enumerate(tar, start=1):
                if count > MAX_MEMBERS:
                    raise BadArchive(f"it holds more than {MAX_MEMBERS} members")
                if member.name not in wanted or not member.isreg():
                    continue
                if member.name in found:  # programs differ in which of the two they take
                    raise BadArchive(f"it holds {member.name} twice")
                if (file := tar.extractfile(member)) is not None:
                    found[member.name] = file.read(limit + 1)
    except OSError as error:
        raise BadArchive(error.strerror or str(error)) from error
    except (EOFError, tarfile.TarError, zlib.error, ValueError) as error:
        raise BadArchive(str(error)) from error
    return found


class _Limited(io.RawIOBase):
    """What ``file`` gives, up to so many bytes; then it refuses."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self._file, self._limit, self._left = file, limit, limit

    def read(self, size: int = -1, /) -> bytes:
        if size > self._left:
            size = self._left + 1
        content = self._file.read(size)
        self._left -= len(content)
        if self._left < 0:
            raise BadArchive(f"it unpacks to more than {self._limit} bytes")
        return content
