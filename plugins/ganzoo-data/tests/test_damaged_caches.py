"""300 truncations, 300 flipped bits and 100 zeroed blocks of the image cache, and as many of kept statistics: none is used silently.

In every second case the file's time is put back: so does a disk that fails on its own. Then nothing but the checksums can tell.
"""

import os
import random
import shutil
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from ganzoo import GanzooError
from ganzoo.data.cache import Cache
from ganzoo.metrics.statistics import Statistics
from ganzoo.ui.progress import LineReporter

COUNT, SHAPE = 60, (3, 8, 8)
IMAGES = np.random.default_rng(0).integers(0, 256, (COUNT, *SHAPE), np.uint8)


def truncate(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def flip(content: bytes, chance: random.Random) -> bytes:
    changed, bit = bytearray(content), chance.randrange(8 * len(content))
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def zero(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content))
    return content[:start] + bytes(min(512, len(content) - start)) + content[start + 512 :]


def damage(path: Path, how, chance: random.Random, keep_time: bool) -> bool:
    """Whether the file is another now: zeros may fall on zeros."""
    before, content = path.stat(), path.read_bytes()
    changed = how(content, chance)
    path.write_bytes(changed)
    if keep_time:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    return changed != content


class Cached:
    """The image cache."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.decoded = folder, 0

    def decode(self, item: int) -> np.ndarray:
        self.decoded += 1
        return IMAGES[item]

    def read(self) -> tuple[np.ndarray, str]:
        log = StringIO()
        found = Cache(self.folder, LineReporter(log)).images({"key": "k"}, range(COUNT), self.decode, SHAPE)
        return np.asarray(found.images), log.getvalue()

    def right(self, found) -> bool:
        return np.array_equal(found, IMAGES)


class Kept:
    """Statistics of real data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self) -> tuple[np.ndarray, str]:
        log = StringIO()
        found = Statistics(self.folder, LineReporter(log)).get({"network": "n"}, lambda: {"mean": IMAGES[0].astype(float)})
        return found["mean"], log.getvalue()

    def right(self, found) -> bool:
        return np.array_equal(found, IMAGES[0])


@pytest.mark.parametrize(("how", "times"), [(truncate, 300), (flip, 300), (zero, 100)], ids=["truncated", "one bit", "zeroed"])
@pytest.mark.parametrize("kind", [Cached, Kept], ids=["image cache", "statistics"])
@pytest.mark.promise("Hostile input", "Damaged image caches and statistics are never used silently, whatever the file's time says")
def test_nothing_damaged_is_used_silently(tmp_path, kind, how, times, monkeypatch, request, found):
    monkeypatch.setattr(os, "fsync", lambda file: None)  # 700 rebuilds; whether the disk has them is not part of this
    chance = random.Random(0)
    kind(tmp_path / "whole").read()
    changed = noticed = silent = 0
    for i in range(times):
        folder = tmp_path / "damaged"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(tmp_path / "whole", folder)  # with their times
        files = [path for path in sorted(folder.iterdir()) if path.suffix != ".lock"]
        if not damage(files[i % len(files)], how, chance, keep_time=i % 2 == 0):
            continue
        changed += 1
        cache = kind(folder)
        try:
            read, log = cache.read()
        except GanzooError:
            noticed += 1
            read, log = cache.read()  # the next run does what is needed
            assert cache.right(read)
            continue
        noticed += bool(log)
        silent += not cache.right(read) or not log
    assert silent == 0
    assert noticed == changed > 0.9 * times
    found(f"{changed} {request.node.callspec.id.replace('-', ', ')}: {silent} used")
