"""The lock that keeps two processes out of one run directory."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from pathlib import Path
from typing import IO

from ganzoo.errors import UserError

_HELD: set[Path] = set()
"""The folders that this process holds: its own record locks keep none of its threads out."""
_FLOCK = "hhqqi4x"
"""Linux' ``struct flock``: type, whence, start, length, pid."""


class TakenError(UserError):
    """The folder is another run's."""


class FolderLock:
    """A folder's ``.lock``, held until ``close`` or the process's end, however that comes.

    It is a POSIX record lock, which children do not inherit: what a killed run leaves running keeps nobody out.

    Args:
        folder: what is locked; it must exist.

    Raises:
        TakenError: where another process holds it, or another thread of this one, naming the process.
        OSError: where the file cannot be made, or the file system knows no locks.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self._resolved = folder, folder.resolve()
        if self._resolved in _HELD:  # to open the file again, and close it, would let go of the lock
            raise TakenError(f"{folder} is in use by process {os.getpid()}", "wait for it, or choose another folder", key="--out")
        self._file = self._open()
        while not self.holds:  # whoever held it before removed the file meanwhile: the lock of a removed file keeps nobody out
            self._file.close()
            self._file = self._open()
        _HELD.add(self._resolved)
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    @property
    def path(self) -> Path:
        """The file that is locked."""
        return self.folder / ".lock"

    @property
    def holds(self) -> bool:
        """Whether the file at ``path`` is still the one that was locked."""
        try:
            return os.path.samestat(self.path.stat(), os.fstat(self._file.fileno()))
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Let go."""
        if not self._file.closed:
            _HELD.discard(self._resolved)
        self._file.close()

    def _open(self) -> IO[str]:
        file = self.path.open("a+", encoding="utf-8")
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _holder(file)
            file.close()
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            raise TakenError(f"{self.folder} is in use by process {holder}", "wait for it, or choose another folder", key="--out") from None
        return file


def _holder(file: IO[str]) -> str:
    """The number of the process that holds the lock: the system knows it before that process has written it down."""
    asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    try:
        pid = struct.unpack(_FLOCK, fcntl.fcntl(file, fcntl.F_GETLK, asked))[-1]
    except OSError:
        pid = 0
    file.seek(0)
    return str(pid) if pid > 0 else file.read().strip() or "unknown"
