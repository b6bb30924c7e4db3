"""Finds the pictures under a folder."""

from __future__ import annotations

import os
from pathlib import Path

from .images import SUFFIXES


def find_pictures(root: Path) -> list[str]:
    """The paths of all pictures under ``root``, relative to it, with "/", sorted. Links to folders are followed, once each."""
    found: list[str] = []
    seen: set[tuple[int, int]] = set()
    for folder, subfolders, files in os.walk(root, followlinks=True):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in seen:
            subfolders.clear()  # a link back up, or a second way to the same place
            continue
        seen.add((status.st_dev, status.st_ino))
        subfolders[:] = sorted(name for name in subfolders if not _is_litter(name))
        relative = Path(folder).relative_to(root).as_posix()
        prefix = "" if relative == "." else f"{relative}/"
        found += [prefix + name for name in files if name.lower().endswith(SUFFIXES) and not _is_litter(name)]
    return sorted(found)


def _is_litter(name: str) -> bool:
    """Hidden, or what macOS leaves in archives: copies of each file's name with no picture in them."""
    return name.startswith(".") or name == "__MACOSX"
