"""The subject of a metric: a generator's samples and the real ones, and nothing of what trains it.

Whatever is taken is written down, so that a number's provenance says what was measured and not what was meant.

Legend of shapes: N samples, C channels, H rows, W columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import numpy as np
import torch

from ganzoo.data.dataset import Dataset
from ganzoo.errors import ContractError, UserError
from ganzoo.fields import DataSpec, Fields

from .real import BATCH, RealSamples
from .statistics import Arrays, Statistics

Fact: TypeAlias = str | int | float
"""One entry of a number's provenance."""


Share: TypeAlias = tuple[int, int]
"""Which part of the made samples a process makes, from 0, and of how many."""
ALONE: Share = (0, 1)


class Idle(BaseException):
    """Other processes make all the samples that are asked for. No ``except Exception`` may swallow it."""


def starts(count: int, share: Share) -> list[int]:
    """Where the batches of a process's share begin: whole ones, as noise is drawn for each."""
    rank, size = share
    return [int(start) for start in np.array_split(np.arange(0, count, BATCH), size)[rank]]


def _unwatched(batches: Iterator[Fields], what: str, total: int) -> Iterator[Fields]:
    return batches


def unpaired() -> UserError:
    """There is nothing to compare one by one."""
    return UserError("nothing that the generator is given is paired with 'sample'", "use a metric of whole sets, such as fid")


class Subject:
    """A generator with its weights, and the data it models.

    Args:
        data: what the generator was trained on.
        dataset: the data set's instance: its class names, a toy's centres.
        make: gives N made samples in batches, as ``generated`` describes; the same ones each time.
        real: the real samples.
        conditional: whether the generator is told the class.
        device: where batches go.
        facts: what is known beforehand: data set, shape, crop, averaged or raw weights, seed.
        statistics: keeps what was computed of real samples.
        make_pairs: gives N (None: all) samples made of a split's rows, in order, with "target"; None: there are no pairs.
        share: of the made samples ``make`` and ``make_pairs`` give this one.
        watch: is given each stream of batches with a word for it and its length, and passes it on; for progress.
    """

    def __init__(
        self,
        data: DataSpec,
        dataset: Dataset,
        *,
        make: Callable[[int], Iterator[Fields]],
        real: RealSamples,
        conditional: bool,
        device: torch.device,
        facts: Mapping[str, Fact],
        statistics: Statistics,
        make_pairs: Callable[[int | None, str | None], Iterator[Fields]] | None = None,
        watch: Callable[[Iterator[Fields], str, int], Iterator[Fields]] = _unwatched,
        share: Share = ALONE,
    ) -> None:
        self.data, self.dataset, self.conditional, self.device, self.share = data, dataset, conditional, device, share
        self.facts: dict[str, Fact] = dict(facts)
        """The provenance so far; ``generated``, ``real`` and ``of_real`` add what they give."""
        self._make_pairs = make_pairs
        self._make, self._real, self._statistics, self._watch = make, real, statistics, watch
        self._made = 0
        self.makes_no_more = False
        """Whether all made samples have been collected, of this process and of others."""

    def generated(self, n: int) -> Iterator[Fields]:
        """``n`` made samples in batches: the same ones each time.

        Images are float32 (N, C, H, W) in [-1, 1] on the 256 levels of uint8, as real ones are; points float32 (N, 2) in the
        data's own units. "label" (N,) int64 where the generator is conditional, at the data's frequencies.
        """
        self.facts["samples"] = n
        return self._watch(self._make(n), "made", self._own(n))

    def pairs(self, n: int | None = None, split: str | None = None) -> Iterator[Fields]:
        """What the generator makes of the data's rows, as ``generated``, each with its row and, as "target", what it should have become.

        Args:
            n: how many, the first rows of the split; None: all.
            split: part of the data whose rows it is given; None: the one trained on.

        Raises:
            UserError: where the generator is given nothing of the data, or what it is given is not paired; where there is no such split.
        """
        if self._make_pairs is None:
            raise unpaired()
        count = self.real_count(n, split)
        self.facts["pairs"] = count
        self.facts |= {"split": split} if split else {}
        return self._watch(self._make_pairs(n, split), "translated", self._own(count))

    def real(self, n: int | None = None, split: str | None = None) -> Iterator[Fields]:
        """``n`` real samples in batches, of the same form as ``generated``; never mirrored.

        Args:
            n: how many, drawn once and for all from the split; None: all, in order.
            split: which part of the data; None: the one trained on.

        Raises:
            UserError: where there are fewer, or there is no such split.
        """
        chosen = self._real.choose(n, split)
        self._record(chosen, split)
        return self._stream(chosen, split)

    def real_count(self, n: int | None = None, split: str | None = None) -> int:
        """How many samples ``real`` gives for these arguments.

        Raises:
            UserError: as ``real``.
        """
        return len(self._real.choose(n, split))

    def of_real(
        self, name: str, compute: Callable[[Iterator[Fields]], Arrays], n: int | None = None, split: str | None = None, **key: Fact
    ) -> Arrays:
        """Statistics of real samples: computed once and kept on the disk.

        Args:
            name: what they are.
            compute: makes them of the batches that ``real`` gives.
            n: as of ``real``.
            split: as of ``real``.
            **key: whatever they depend on besides the samples: a network's hash, its options.

        Raises:
            UserError: as ``real``; and where the file that should hold them holds something else.
        """
        chosen = self._real.choose(n, split)
        known: dict[str, Fact] = {"name": name, "data": self._record(chosen, split), "n": len(chosen)}
        return self._statistics.get(known | key, lambda: compute(self._stream(chosen, split)))

    def _own(self, count: int) -> int:
        """How many of ``count`` samples this process makes.

        Raises:
            Idle: where those that are taken first are all others'.
        """
        own = sum(min(BATCH, count - start) for start in starts(count, self.share))
        if self.makes_no_more or (self._made and not own):
            raise ContractError("it takes made samples again, which several processes make", "take them once, in collect")
        if not own:
            raise Idle
        self._made += own
        return own

    def _stream(self, chosen: np.ndarray, split: str | None) -> Iterator[Fields]:
        return self._watch(self._real.stream(chosen, split, self.device), "real", len(chosen))

    def _record(self, chosen: np.ndarray, split: str | None) -> str:
        """Write down which real samples are taken; returns what tells them, and all their fields, from others."""
        others = sorted(self._real.arrays(split).keys() - {"sample"})  # a metric reads them too
        hashes = {name: self._real.hash(chosen, split, name) for name in ("sample", *others)}
        self.facts["real_samples"], self.facts["real_hash"] = len(chosen), hashes["sample"][:12]
        self.facts |= {f"real_{name}_hash": hashes[name][:12] for name in others}
        if split:
            self.facts["split"] = split
        return " ".join(hashes.values())
