"""What a run logs: sums kept on the device, read once an interval, so that no step waits for a number."""

from __future__ import annotations

import time
from collections.abc import Mapping

import torch
from torch import Tensor

from ganzoo.turn import Turn

from .distributed import Ranks


class Meter:
    """Means of named scalars since the last ``read``, over all ranks."""

    def __init__(self, ranks: Ranks | None = None) -> None:
        self._ranks = ranks or Ranks()
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
        self._images = 0
        self._since = time.perf_counter()

    def add(self, side: str, values: Mapping[str, Tensor]) -> None:
        """Take in scalars of one side; each is logged as ``side/name``."""
        for name, value in values.items():
            key, value = f"{side}/{name}", value.detach()
            self._sums[key] = self._sums[key] + value if key in self._sums else value
            self._counts[key] = self._counts.get(key, 0) + 1

    def add_scores(self, turn: Turn) -> None:
        """Take in the mean raw score of each side of the turn, where it was computed: their gap shows a critic's health."""
        means = {place: turn.computed(f"{place}_scores") for place in ("real", "fake")}
        self.add(turn.side, {f"{place}_score": s["score"].detach().mean() for place, s in means.items() if s and "score" in s})

    def add_images(self, count: int) -> None:
        """Count real images that the critic saw, on all ranks."""
        self._images += count

    def read(self) -> dict[str, float]:
        """The means, and the rate in images a second; starts anew. The one place where the device is waited for."""
        names = list(self._sums)
        values = self._ranks.mean(torch.stack([self._sums[name].float() for name in names])).tolist() if names else []
        now = time.perf_counter()
        record = {name: value / self._counts[name] for name, value in zip(names, values, strict=True)}
        record["images_per_second"] = self._images / max(now - self._since, 1e-9)
        self._sums, self._counts, self._images, self._since = {}, {}, 0, now
        return record
