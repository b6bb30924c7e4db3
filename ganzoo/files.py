"""Atomic writing of files, of which no reader ever meets half, and the paths that a user names."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from .errors import GanzooError, UserError

TEMPORARY = ".ganzoo-tmp"
"""How the names of half-written files end."""


def write_atomically(path: Path, content: bytes) -> None:
    """Temporary file in the same folder -> fsync -> rename -> fsync of the folder.

    A link is followed, and a file that is there keeps its mode and owner. What is not a regular file (a device, a pipe) is written to.

    Args:
        path: the file; its folder is made where it is missing.
        content: all that it will hold.

    Raises:
        GanzooError: where the disk refuses; the old file is intact and no temporary file is left.
    """
    intact = "; what was there before is intact"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.stat() if path.exists() else None
        if before is not None and not stat.S_ISREG(before.st_mode):
            intact = ""
            with path.open("wb") as file:
                file.write(content)
            return
        if path.is_symlink():
            path = path.resolve()
            path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{secrets.token_hex(8)}{TEMPORARY}")
        try:
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:  # less the umask
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if before is not None:
                with suppress(PermissionError):  # only root may give files away
                    os.chown(temporary, before.st_uid, before.st_gid)
                temporary.chmod(stat.S_IMODE(before.st_mode))  # last: a change of owner takes rights away
            put_in_place(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except (OSError, RuntimeError) as error:  # Python 3.11 and 3.12 raise the latter for links in a circle
        reason = os.strerror(errno.ELOOP) if isinstance(error, RuntimeError) else error.strerror or error
        raise GanzooError(f"cannot write {path}: {reason}{intact}") from error


def expanded(path: str | Path) -> Path:
    """``path``, with the home that a leading ``~`` or ``~NAME`` means; a ``UserError`` where that is not known."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise UserError(f"{path} lies in a home that is not known here", "write the whole path, or set HOME") from None


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


def check_ending(path: Path, *endings: str, key: str = "") -> None:
    """See that a file's name does not promise another format than is written.

    Args:
        path: the file. One without an ending promises nothing, nor does a device or a pipe.
        endings: those of the format, small: ``.png``.
        key: the option concerned.

    Raises:
        UserError: where it ends otherwise, or is a folder.
    """
    if path.name == "-" and len(path.parts) == 1:
        raise UserError("'-' is not a file", "name one; /dev/stdout is standard output", key=key)
    if path.is_dir():
        raise UserError(f"{path} is a folder", f"name a file in it, such as {path / ('out' + endings[0])}", key=key)
    if path.suffix and path.suffix.lower() not in endings and (path.is_file() or not path.exists()):
        what = f"{path} ends in {path.suffix}, but what is written is {' or '.join(endings)}"
        raise UserError(what, f"name it {path.with_suffix(endings[0])}", key=key)
