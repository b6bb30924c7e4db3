"""Two-dimensional mixtures of Gaussians, on which a lost mode is plain to see.

Settings of the VEEGAN and PacGAN papers (Srivastava et al. 2017, arXiv:1705.07761; Lin et al. 2018, arXiv:1712.04086).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.params import NonNegativeInt, PositiveFloat, PositiveInt

from .dataset import Dataset

if TYPE_CHECKING:
    from .cache import Cache


class Mixture(Dataset):
    """Equally likely Gaussians of one standard deviation: what the toys have in common.

    Args:
        centres: (M, 2), one row a mode, in the data's own units.
        sd: standard deviation of each mode, in each coordinate.
        count: number of points N.
        seed: what the points are drawn with.
    """

    centres: np.ndarray

    def __init__(self, *, centres: np.ndarray, sd: float, count: int, seed: int) -> None:
        self.centres, self.sd = centres, sd
        self.count, self.seed = count, seed
        # The mixture's own standard deviation, in closed form: training sees unit variance whatever the seed.
        self.scale = math.sqrt(float(centres.var(axis=0).mean()) + sd**2)

    def arrays(self, cache: Cache) -> Mapping[str, np.ndarray]:
        """{"sample": (N, 2) float32, in the data's own units}."""
        random = np.random.default_rng(self.seed)
        chosen = self.centres[random.integers(len(self.centres), size=self.count)]
        return {"sample": (chosen + self.sd * random.standard_normal((self.count, 2))).astype(np.float32)}


class Ring(Mixture):
    """Gaussians evenly around a circle.

    Args:
        modes: how many Gaussians.
        radius: of the circle that their centres lie on.
        sd: standard deviation of each.
        count: number of points.
        seed: what the points are drawn with.
    """

    source = "drawn when asked for; the ring of Srivastava et al. 2017, arXiv:1705.07761"

    def __init__(
        self,
        *,
        modes: PositiveInt = 8,
        radius: PositiveFloat = 1.0,
        sd: PositiveFloat = 0.01,
        count: PositiveInt = 100_000,
        seed: NonNegativeInt = 0,
    ) -> None:
        angles = 2 * np.pi * np.arange(modes) / modes
        super().__init__(centres=radius * np.stack([np.cos(angles), np.sin(angles)], axis=1), sd=sd, count=count, seed=seed)


class Grid(Mixture):
    """Gaussians on a square grid around the origin.

    Args:
        side: Gaussians along each side: there are ``side * side``.
        spacing: distance between neighbouring centres.
        sd: standard deviation of each.
        count: number of points.
        seed: what the points are drawn with.
    """

    source = "drawn when asked for; the grid of Srivastava et al. 2017, arXiv:1705.07761"

    def __init__(
        self,
        *,
        side: PositiveInt = 5,
        spacing: PositiveFloat = 2.0,
        sd: PositiveFloat = 0.05,
        count: PositiveInt = 100_000,
        seed: NonNegativeInt = 0,
    ) -> None:
        line = spacing * (np.arange(side) - (side - 1) / 2)
        super().__init__(centres=np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2), sd=sd, count=count, seed=seed)
