"""Writing a file so that a reader, or a killed process, never meets half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from .errors import GanzooError

TEMPORARY = ".ganzoo-tmp"
"""How the names of half-written files end."""


def write_atomically(path: Path, content: bytes) -> None:
    """Temporary file in the same folder -> fsync -> rename -> fsync of the folder.

    Args:
        path: the file; its folder is made where it is missing.
        content: all that it will hold.

    Raises:
        GanzooError: where the disk refuses; the old file is intact and no temporary file is left.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=TEMPORARY)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(0o644)
            put_in_place(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise GanzooError(f"cannot write {path}: {error.strerror or error}; what was there before is intact") from error


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left half-written in ``folder``. Nobody else may be writing there."""
    for left in folder.glob(f".*{TEMPORARY}"):
        left.unlink(missing_ok=True)


def put_in_place(temporary: Path, path: Path) -> None:
    """Rename a finished file over ``path``, in the same folder, and see the new name to the disk."""
    temporary.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
