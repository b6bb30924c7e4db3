"""The nearest training samples of made ones: a generator that has learned makes new samples, one that has memorised copies.

A distance by itself says nothing, so each is put into its place: against the distances of real samples that were not trained
on, and against the neighbourhood of the sample itself. A *copy* is nearer to its nearest training sample than half the mean
distance to the 50 nearest: the relative distance of Carlini et al. 2023, arXiv:2301.13188, with their n = 50 and alpha = 0.5, is
below 1. Comparing with real samples that were held out follows Meehan et al. 2020, arXiv:2004.05675.

Legend of shapes: N queries, T training samples, D values of a sample or features of it, K neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganzoo.errors import UserError

KEPT = 50
"""Neighbours that a sample's surroundings are measured by."""
BATCH = 1000
"""Training samples at once."""
COPY = 0.5
"""A sample nearer than this part of the mean distance to its ``KEPT`` nearest is called a copy."""


@dataclass(frozen=True)
class Neighbours:
    """The nearest training samples of N queries.

    Args:
        index: (N, K) int64, of the training samples, the nearest first.
        distance: (N, K) float64.
    """

    index: np.ndarray
    distance: np.ndarray

    @property
    def nearest(self) -> np.ndarray:
        """(N,) the distance to the nearest training sample."""
        first: np.ndarray = self.distance[:, 0]
        return first

    @property
    def relative(self) -> np.ndarray:
        """(N,) the nearest distance as a part of the mean of all K: near 1 among equals, 0 for an exact copy."""
        mean = self.distance.mean(axis=1)
        parts: np.ndarray = np.divide(self.nearest, mean, out=np.zeros_like(mean), where=mean > 0)
        return parts

    @property
    def copies(self) -> int:
        """How many queries are copies."""
        return int((self.relative < COPY).sum())


Gather = Callable[[np.ndarray], Tensor]
"""Gives training samples: indices (n,) -> (n, D) float32."""


def find_neighbours(queries: Tensor, gather: Gather, count: int, k: int = KEPT, exclude: np.ndarray | None = None) -> Neighbours:
    """Search all training samples; in Euclidean distance.

    Candidates are found by matrix products, and their distances then computed anew as differences: near a copy the products
    lose all digits.

    Args:
        queries: (N, D) float32.
        gather: gives the training samples.
        count: how many there are, T.
        k: neighbours K to keep.
        exclude: (N,) for each query the index of a training sample that is not a neighbour: itself. None: all may be.

    Raises:
        UserError: where there are too few training samples.
    """
    if count < k + (exclude is not None):
        raise UserError(f"{k} neighbours are looked for among {count} training samples", "use more data")
    nearest, index = torch.empty(len(queries), 0), torch.empty(len(queries), 0, dtype=torch.int64)
    for start in range(0, count, BATCH):
        numbers = torch.arange(start, min(start + BATCH, count))
        batch = gather(numbers.numpy())
        found = (batch**2).sum(dim=1) - 2 * (queries @ batch.T)  # (N, B): squared distance, less what is the same for all of a row
        if exclude is not None:
            found[torch.from_numpy(exclude)[:, None] == numbers] = torch.inf
        nearest, index = _smallest(torch.cat([nearest, found], 1), torch.cat([index, numbers.expand(found.shape)], 1), k)
    exact = torch.stack([(gather(near.numpy()).double() - query.double()).norm(dim=1) for query, near in zip(queries, index, strict=True)])
    exact, index = _smallest(exact, index, k)
    return Neighbours(index.numpy(), exact.numpy())


def merge(first: Neighbours, second: Neighbours) -> Neighbours:
    """The K nearest of two searches for the same queries: as they are, and mirrored."""
    k = first.index.shape[1]
    distance = torch.from_numpy(np.concatenate([first.distance, second.distance], axis=1))
    nearest, index = _smallest(distance, torch.from_numpy(np.concatenate([first.index, second.index], axis=1)), k)
    return Neighbours(index.numpy(), nearest.numpy())


def _smallest(distance: Tensor, index: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The ``k`` smallest of each row, ascending, with their indices."""
    nearest, places = distance.topk(min(k, distance.shape[1]), dim=1, largest=False, sorted=True)
    return nearest, index.gather(1, places)
