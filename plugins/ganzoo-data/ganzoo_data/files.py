"""The folder that a user names, and what tells its files from others."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from ganzoo import UserError
from ganzoo.data import expanded

COARSE_NS = 10_000_000
"""A time that is a multiple of this comes from a file system with coarse times (FAT: 10 ms, others 1 s), or was never a ctime."""
TICK_NS = 20_000_000
"""Changes to a file less than this apart may get one ctime: kernels take it from a clock that ticks every 1 to 10 ms."""


FEW_FILES, FEW_BYTES = 1000, 1 << 24
"""So few files are hashed whole: it takes 30 ms at most, and an edit of mapped memory moves no ctime until it is flushed."""


def stamp(root: Path, names: Iterable[str]) -> str:
    """A fingerprint of files under ``root``: it changes with the folder and with the content of any of the files.

    Names, sizes and modification times alone would not do: copies, archives and edits in place can keep all three. The system keeps
    what nobody can set: the inode and the time of the last change to it (ctime), which each write and each ``utime`` moves on. Where
    a file system has no such time, or a coarse one (FAT, ISO 9660, squashfs, some network mounts), the contents of its files are
    hashed, and so are those of a few files. A missing file counts as missing.
    """
    folder, newest, total, names = os.path.realpath(root), 0, 0, list(names)
    digest = hashlib.sha256(os.fsencode(folder))
    for name in names:
        path = f"{folder}/{name}"
        try:
            status = os.stat(path)  # noqa: PTH116 (twice as fast, which counts with 200,000 files)
            newest, total = max(newest, status.st_ctime_ns), total + status.st_size
            content = "" if status.st_ctime_ns % COARSE_NS else _hash_file(Path(path))
            line = f"{name}\0{status.st_ino}\0{status.st_size}\0{status.st_mtime_ns}\0{status.st_ctime_ns}\0{content}\n"
        except OSError:
            line = f"{name}\0missing\n"
        digest.update(line.encode("utf-8", "surrogateescape"))
    for name in names if len(names) <= FEW_FILES and total <= FEW_BYTES else ():
        with suppress(OSError):
            digest.update(_hash_file(Path(folder, name)).encode())
    if 0 <= time.time_ns() - newest < TICK_NS:  # a change within the same tick would have the same ctime: let it pass
        time.sleep(TICK_NS / 1e9)
    return digest.hexdigest()


def _hash_file(path: Path) -> str:
    if not path.is_file():
        return "not a file"  # a pipe would never end
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_at(root: str) -> Path:
    """``root`` as a folder, "~" expanded.

    Raises:
        UserError: where there is none.
    """
    folder = expanded(root)
    if not folder.is_dir():
        raise UserError(f"the folder {contents(folder)}", "set data.root to the folder that holds the data", key="data.root")
    return folder


def contents(folder: Path) -> str:
    """What is in a folder, for a message."""
    if not folder.is_dir():
        return f"{folder.absolute()} is {'a file' if folder.exists() else 'not there'}"
    names = sorted(path.name + ("/" if path.is_dir() else "") for path in folder.iterdir())
    within = f", {contents(folder / names[0])}" if len(names) == 1 and names[0].endswith("/") else ""
    return f"{folder.absolute()} holds {listed(names)}{within}"


def listed(names: Sequence[str], most: int = 8) -> str:
    """Names, of many the first, for a message."""
    return (", ".join(names[:most]) or "nothing") + (f" and {len(names) - most} more" if len(names) > most else "")


def text_of(content: bytes) -> str:
    """A text without the marks that Windows (a BOM) and DOS (Ctrl-Z) put around it. Raises UnicodeDecodeError."""
    return content.decode("utf-8-sig").rstrip("\x1a\0")


def is_litter(name: str) -> bool:
    """Hidden, or what macOS leaves in archives: copies of each file's name with no picture in them."""
    return (name.startswith(".") and name != ".") or name == "__MACOSX"


def walk(root: Path, depth: int | None = None) -> Iterator[tuple[str, list[str]]]:
    """Folders below ``root``, at most so deep, as "" or "a/b/", each with the files in it. Links to folders are followed, once each."""
    seen: set[tuple[int, int]] = set()
    for folder, subfolders, files in os.walk(root, followlinks=True):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in seen:
            subfolders.clear()  # a link back up, or a second way to the same place
            continue
        seen.add((status.st_dev, status.st_ino))
        relative = Path(folder).relative_to(root)
        deeper = depth is None or len(relative.parts) < depth
        subfolders[:] = sorted(name for name in subfolders if not is_litter(name)) if deeper else ()
        yield "".join(f"{part}/" for part in relative.parts), sorted(name for name in files if not is_litter(name))
