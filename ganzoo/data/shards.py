"""Data past one machine's disk: the cache in shards, of which each process decodes, keeps and reads only its own.

Which image lies in which shard is drawn once, from a fixed seed: a shard is a random sample of the data, however the files are
sorted, and the same one whatever the number of processes is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ganzoo.errors import UserError

from .entry import CachedImages
from .rows import Rows, row_numbers

SEED = 0
"""What images are assigned to shards with. Another one would make all shards on all disks worthless."""
MAX_SHARDS = 500
"""The most shards of one process: each is an open file, and systems allow about a thousand."""


@dataclass(frozen=True)
class Share:
    """What one of several processes has of the data.

    Args:
        rank: which of the processes, from 0.
        ranks: how many there are.
        size: images in a shard.
    """

    rank: int
    ranks: int
    size: int

    def shards(self, count: int) -> Iterator[tuple[int, np.ndarray]]:
        """This process's shards of ``count`` items: their numbers, and the numbers of their items (n,), ascending.

        Raises:
            UserError: where there are too few shards for the processes, or too many for one.
        """
        total = -(-count // self.size)
        mine = range(self.rank, total, self.ranks)
        if total < self.ranks:
            remedy = f"set it to at most {count // self.ranks}"
            raise UserError(f"{count} images make {total} shards for {self.ranks} processes", remedy, key="train.shard_size")
        if len(mine) > MAX_SHARDS:
            remedy = f"set it to at least {-(-count // (MAX_SHARDS * self.ranks))}"
            raise UserError(f"{len(mine)} shards a process are more than {MAX_SHARDS}", remedy, key="train.shard_size")
        order = np.random.default_rng(SEED).permutation(count)
        return ((number, np.sort(order[number * self.size : (number + 1) * self.size])) for number in mine)


class Shards:
    """Rows of several parts, one after the other: a part is read only where one of its rows is asked for.

    Args:
        parts: rows of one shape and type.
    """

    def __init__(self, parts: Sequence[Rows]) -> None:
        self.parts = parts
        self._starts = np.cumsum([0, *map(len, parts)])
        self.shape, self.dtype = (int(self._starts[-1]), *parts[0].shape[1:]), parts[0].dtype

    @property
    def nbytes(self) -> int:
        """Length of all rows in bytes."""
        return sum(part.nbytes for part in self.parts)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, picked: object) -> np.ndarray:
        """As of an ndarray: a number, a slice, an array of numbers or of N booleans, or a tuple that begins with one of them."""
        first, *rest = picked if isinstance(picked, tuple) else (picked,)
        numbers = row_numbers(first, len(self))
        rows = numbers.reshape(-1)
        values = np.empty((len(rows), *self.shape[1:]), self.dtype)
        holder = np.searchsorted(self._starts, rows, side="right") - 1
        for part in np.unique(holder).tolist():
            here = holder == part
            values[here] = self.parts[part][rows[here] - self._starts[part]]
        return values[(slice(None), *rest)] if numbers.ndim else values[(0, *rest)]

    def __array__(self, dtype: object = None, copy: bool | None = None) -> np.ndarray:
        """All of them, in memory."""
        return np.asarray(self[:], dtype)  # type: ignore[call-overload, no-any-return]


def collect(
    share: Share, count: int, read: Callable[[int, np.ndarray], CachedImages], check: Callable[[dict[str, str], int], None]
) -> CachedImages:
    """A process's share of cached images, shard after shard.

    Args:
        share: which.
        count: number of items of all processes.
        read: the images of one shard: its number, and its items (n,).
        check: called after each shard with the bad images so far and the number of items of this share; may raise.
    """
    shards = list(share.shards(count))
    total = sum(len(items) for _, items in shards)
    found: list[CachedImages] = []
    bad: dict[str, str] = {}
    for number, items in shards:
        found.append(read(number, items))
        bad |= found[-1].bad
        check(bad, total)
    kept = np.concatenate([items[images.kept] for (_, items), images in zip(shards, found, strict=True)])
    sha256 = hashlib.sha256("".join(images.sha256 for images in found).encode()).hexdigest()
    return CachedImages(Shards([images.images for images in found]), kept, bad, sha256)
