"""The small parts that make an optimum known: data sets, a generator and a schedule, as a third party would write them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from ganzoo import Cache, Dataset, DataSpec, Fields, Generator, NonNegativeFloat, Plan, PositiveInt, Schedule


class NormalQuantiles(Dataset):
    """The standard normal's quantiles: the mean of f over all of them is its expectation, with an error of about 1 / count.

    Args:
        count: number of points N.
    """

    def __init__(self, *, count: PositiveInt = 2048) -> None:
        self.count = count

    def arrays(self, cache: Cache) -> Mapping[str, np.ndarray]:
        """{"sample": (N, 1) float32, in ascending order}."""
        levels = (torch.arange(self.count, dtype=torch.float64) + 0.5) / self.count
        return {"sample": torch.special.ndtri(levels)[:, None].float().numpy()}


class Origin(Dataset):
    """Every point at 0: all of the data in one place.

    Args:
        dimensions: coordinates D of a point.
        count: number of points N.
    """

    def __init__(self, *, dimensions: PositiveInt = 1, count: PositiveInt = 256) -> None:
        self.dimensions, self.count = dimensions, count

    def arrays(self, cache: Cache) -> Mapping[str, np.ndarray]:
        """{"sample": (N, D) float32 zeros}."""
        return {"sample": np.zeros((self.count, self.dimensions), np.float32)}


class SwissRoll(Dataset):
    """A spiral of one and a half turns within about 2 of the origin, as in Gulrajani et al. (2017), section 3.2.

    Args:
        count: number of points N.
    """

    def __init__(self, *, count: PositiveInt = 4096) -> None:
        self.count = count

    def arrays(self, cache: Cache) -> Mapping[str, np.ndarray]:
        """{"sample": (N, 2) float32}."""
        random = np.random.default_rng(0)
        angle = 1.5 * np.pi * (1 + 2 * random.random(self.count))
        spiral = np.stack([angle * np.cos(angle), angle * np.sin(angle)], axis=1)
        return {"sample": ((spiral + 0.25 * random.standard_normal(spiral.shape)) / 7.5).astype(np.float32)}


class Disturbed(Generator):
    """The data itself, moved and blurred: "sample" + shift + noise * "latent", where "latent" is standard normal.

    Args:
        shift: by how much each of the D coordinates is moved.
        noise: standard deviation of the blur; 0: every fake is its real sample moved.
    """

    def __init__(self, data: DataSpec, *, shift: tuple[float, ...], noise: NonNegativeFloat = 0.0) -> None:
        super().__init__()
        (self.latent_dim,) = data.shape
        self.shift, self.noise = nn.Parameter(torch.tensor(shift)), noise

    def forward(self, sample: Tensor, latent: Tensor) -> Fields:
        """Moved samples (N, D), from "sample" (N, D) and "latent" (N, D)."""
        return {"sample": sample + self.shift + self.noise * latent}


class CriticOnly(Schedule):
    """One critic update a step and none of the generator, so that the critic meets its optimum."""

    def plan(self, step: int, total: int) -> Plan:
        """The same at every step."""
        return Plan(generator_updates=0)


PARTS: Mapping[str, Mapping[str, type]] = {
    "dataset": {"normal_quantiles": NormalQuantiles, "origin": Origin, "swiss_roll": SwissRoll},
    "generator": {"disturbed": Disturbed},
    "schedule": {"critic_only": CriticOnly},
}
"""Kind and name of each, as a plugin's entry point would give them."""
