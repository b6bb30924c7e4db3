"""Images to cache that count how often they are decoded, and how files come to harm."""

import os
from io import StringIO
from pathlib import Path

import numpy as np

from ganzoo.data import BadImage
from ganzoo.data.cache import Cache
from ganzoo.ui.progress import LineReporter

SHAPE = (1, 4, 4)


class Source:
    """Items 0 to count - 1, each an image filled with its number; counts what it is asked for."""

    def __init__(self, count: int = 20, bad: tuple[int, ...] = ()) -> None:
        self.count, self.bad, self.shape, self.asked = count, bad, SHAPE, []

    def decode(self, item: int) -> np.ndarray:
        self.asked.append(item)
        if item in self.bad:
            raise BadImage(f"reason {item}")
        return np.full(self.shape, item % 251, np.uint8)

    def read(self, folder: Path, key: str = "k", *, max_bad: float = 0.5, log: StringIO | None = None):
        cache = Cache(folder, LineReporter(StringIO() if log is None else log))
        return cache.images({"key": key}, range(self.count), self.decode, self.shape, name=lambda item: f"{item}.png", max_bad=max_bad)

    def check(self, found) -> None:
        kept = [item for item in range(self.count) if item not in self.bad]
        assert found.kept.tolist() == kept
        assert found.images.shape == (len(kept), *self.shape)
        assert found.images[:, 0, 0, 0].tolist() == [item % 251 for item in kept]
        assert (np.asarray(found.images) == found.images[:, :1, :1, :1]).all()
        assert found.bad == {f"{item}.png": f"reason {item}" for item in self.bad}


def decoded(folder: Path) -> int:
    """Images that an unfinished build has written down as done."""
    return sum(np.count_nonzero(np.fromfile(path, "<u4")) for path in folder.glob("*.crc32"))


def pixels_of(folder: Path) -> Path:
    (path,) = folder.glob("*.u8")
    return path


def flip_first_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)


def keep_time(change):
    """A change that leaves the file's time as it was: what a failing disk does."""

    def changed(path: Path) -> None:
        before = path.stat()
        change(path)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    return changed


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def edit_note(path: Path) -> None:
    note = path.with_suffix(".json")
    note.write_text(note.read_text().replace('"bad":[', '"bad":[[3,"3.png","?"]'))
