"""Reads few members of a compressed tar as it comes, in bounded memory, without a file of what it unpacks to."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import IO, cast

from .archives import BadArchive

MAX_MEMBERS = 1 << 16
"""Members of a tar. Those read here have less than ten."""


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
