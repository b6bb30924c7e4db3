"""A lock against other processes, for what only one may write."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock file ``path`` against other processes; the lock falls with the process, however that ends.

    The file stays behind: removing it would let two processes lock two different files of one name.

    Args:
        path: the lock file; made if missing.
        waiting: called once where another process holds it, before waiting for it.
    """
    with path.open("ab") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # POSIX allows EAGAIN and EACCES
            waiting()
            fcntl.lockf(file, fcntl.LOCK_EX)
        yield
