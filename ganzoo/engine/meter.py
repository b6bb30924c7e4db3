"""Means that a run logs: sums kept on the device, read once an interval, so that no step waits for a number."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from ganzoo.turn import Turn

from .distributed import Ranks


class Meter:
    """Means of named scalars since the last ``read``, over all ranks.

    What ``add`` does is all on the device, so it can be recorded and replayed.
    """

    def __init__(self, ranks: Ranks | None = None) -> None:
        self._ranks = ranks or Ranks()
        # The sums of those scalars that come together in a step, in one tensor that stays where it is; the last entry counts steps.
        self._sums: dict[tuple[str, ...], Tensor] = {}
        self._names: list[str] = []
        self._scalars: list[Tensor] = []
        self._images = 0
        self._since = time.perf_counter()

    def add(self, side: str, values: Mapping[str, Tensor]) -> None:
        """Take in scalars of one side's update; each is logged as ``side/name``."""
        self._names += [f"{side}/{name}" for name in values]
        self._scalars += [value.detach() for value in values.values()]

    def end_step(self) -> None:
        """Add up what the updates of a step brought, all at once."""
        if not self._names:
            return
        key, together = tuple(self._names), torch.stack([*self._scalars, torch.ones_like(self._scalars[0])])
        self._names, self._scalars = [], []
        if key in self._sums:
            self._sums[key].add_(together)
        else:
            self._sums[key] = together

    @contextmanager
    def pausing(self) -> Iterator[None]:
        """No time of training passes within the block: it is left out of the rate of images."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._since += time.perf_counter() - started

    def start_clock(self) -> None:
        """Training begins now: what came before is left out of the rate of images."""
        self._since = time.perf_counter()

    def add_images(self, count: int) -> None:
        """Count real images that the critic saw, on all ranks."""
        self._images += count

    def means(self) -> dict[str, float]:
        """The means so far. Waits for the device."""
        if not self._sums:
            return {}
        sums = self._ranks.mean(torch.cat([sums.float() for sums in self._sums.values()])).tolist()
        values: dict[str, float] = {}
        counts: dict[str, float] = {}
        for names in self._sums:
            *found, count = sums[: len(names) + 1]
            sums = sums[len(names) + 1 :]
            # Several updates of a side repeat its names; losses that act now and then make several sets with names in common.
            for name, value in zip(names, found, strict=True):
                values[name] = values.get(name, 0.0) + value
                counts[name] = counts.get(name, 0.0) + count
        return {name: value / counts[name] for name, value in values.items() if counts[name]}

    def read(self) -> dict[str, float]:
        """The means, and the rate in images a second; starts anew."""
        record = self.means()
        now = time.perf_counter()
        record["images_per_second"] = self._images / max(now - self._since, 1e-9)
        for sums in self._sums.values():
            sums.zero_()
        self._images, self._since = 0, now
        return record


def score_means(turn: Turn) -> dict[str, Tensor]:
    """The mean raw score of each side of the turn, where it was computed: their gap shows a critic's health."""
    scores = {place: turn.computed(f"{place}_scores") for place in ("real", "fake")}
    return {f"{place}_score": s["score"].detach().mean() for place, s in scores.items() if s and "score" in s}
