"""Pictures in files, for the data sets of other plugins: what ``Cache.pictures`` gives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from ganzoo import Cache
from ganzoo.data import CachedImages

from .files import stamp
from .images import DECODER, decode, sides


def pictures(
    cache: Cache, files: Sequence[Path], size: int | tuple[int, int], channels: Literal[1, 3], version: str, max_bad: float
) -> CachedImages:
    """The pictures in ``files``, cut in the middle and resized, from the disk, or decoded now and kept there."""
    key: dict[str, Any] = {"files": stamp(Path("/"), [str(file.absolute()) for file in files]), "decoder": DECODER, "version": version}
    shape = (channels, *sides(size))
    return cache.images(key, files, lambda file: decode(file, size=size, channels=channels), shape, max_bad=max_bad)
