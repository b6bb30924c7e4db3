"""Checks of the paths that a user names."""

from __future__ import annotations

from pathlib import Path

from ganzoo.errors import UserError


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
