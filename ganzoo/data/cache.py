"""The folder on the disk that all runs share: of decoded images, and of what else is made once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from ganzoo.files import expanded
from ganzoo.plugins.index import import_part
from ganzoo.ui.progress import Reporter

from .rows import Rows

Item = TypeVar("Item")


class BadImage(Exception):
    """A picture that is left out. Its text is the reason."""


@dataclass(frozen=True)
class CachedImages:
    """The images of one data set in the cache.

    Args:
        images: uint8 (N, C, H, W), on the disk; ``images[...]`` reads.
        kept: (N,) int64, the item that each image was made from.
        bad: the items left out: name -> reason.
    """

    images: Rows
    kept: np.ndarray
    bad: Mapping[str, str]


class Cache:
    """A folder of decoded images that all runs share. Safe with several processes at once.

    Args:
        folder: where; None: ``$GANZOO_CACHE``, else ``$XDG_CACHE_HOME/ganzoo``, else ``~/.cache/ganzoo``.
        reporter: shows progress; None: warnings only.
    """

    def __init__(self, folder: Path | None = None, reporter: Reporter | None = None) -> None:
        self.folder = default_folder() if folder is None else folder
        self.reporter = Reporter(sys.stderr) if reporter is None else reporter

    def images(
        self,
        key: Mapping[str, Any],
        items: Sequence[Item],
        decode: Callable[[Item], np.ndarray],
        shape: tuple[int, int, int],
        *,
        name: Callable[[Item], str] = str,
        max_bad: float = 0.0,
    ) -> CachedImages:
        """The decoded images of ``items``: from the disk, or decoded now and kept there. The code is ganzoo-data's.

        Args:
            key: everything that the pixels depend on besides ``shape`` and the number of items, as plain values: data set, files (by
                content: names, sizes and times tell nothing of it), crop, version of the decoder.
            items: one for each image.
            decode: makes uint8 (C, H, W) of an item, or raises ``BadImage``. Called in several processes at once.
            shape: (C, H, W).
            name: what an item is called in messages.
            max_bad: fraction of the items that may be bad; they are left out and named.

        Raises:
            UserError: where more are bad, or all are; where ganzoo-data is not installed.
            GanzooError: where the disk is full, or the folder cannot be written.
        """
        part = import_part("ganzoo_data.cache", "the cache of decoded images")
        found: CachedImages = part.images(self, key, items, decode, shape, name, max_bad)
        return found

    def pictures(
        self, files: Sequence[Path], size: int | tuple[int, int], *, channels: Literal[1, 3] = 3, version: str = "", max_bad: float = 0.0
    ) -> CachedImages:
        """The pictures in ``files``, cut in the middle and resized: from the disk, or decoded now and kept there.

        Args:
            files: one for each; they are told from changed ones.
            size: edge in pixels, or rows and columns.
            channels: 3 (RGB) or 1 (grey).
            version: what else the pixels depend on.
            max_bad: as of ``images``, whose errors it raises.
        """
        part = import_part("ganzoo_data.pictures", "what reads pictures")
        found: CachedImages = part.pictures(self, files, size, channels, version, max_bad)
        return found


def default_folder() -> Path:
    """``$GANZOO_CACHE``, else ``$XDG_CACHE_HOME/ganzoo``, else ``~/.cache/ganzoo``."""
    if own := os.environ.get("GANZOO_CACHE"):
        return expanded(own)
    return expanded(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "ganzoo"
