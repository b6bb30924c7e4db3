"""Writing a file so that a reader, or a killed process, never meets half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ..errors import GanzooError


def write_atomically(path: Path, content: bytes) -> None:
    """Temporary file in the same folder -> fsync -> rename -> fsync of the folder.

    Raises:
        GanzooError: where the disk refuses; the old file is intact and no temporary file is left.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(0o644)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise GanzooError(f"cannot write {path}: {error.strerror or error}; what was there before is intact") from error


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
