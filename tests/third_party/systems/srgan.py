"""SRGAN: four times as large, first by the distance to the truth alone, then with a critic (Ledig et al., 2017, arXiv:1609.04802)."""

from collections.abc import Mapping

import numpy as np
from torch import Tensor, nn
from torch.nn.functional import interpolate, mse_loss

from ganzoo import Cache, Critic, Dataset, DataSpec, Fields, Fraction, Generator, Loss, Plan, PositiveInt, Schedule, Scores, Terms, Turn
from ganzoo.data import Digits


class Thumbnails(Dataset):
    """Digits of 32 pixels (sample) and their thumbnails of 8 (source).

    Args:
        count: how many.
    """

    source = Digits.source

    def __init__(self, *, count: PositiveInt = 64) -> None:
        self.count = count

    def arrays(self, cache: Cache) -> Mapping[str, np.ndarray]:
        """Pairs."""
        sample = np.asarray(Digits(size=32).arrays(cache)["sample"][: self.count])
        return {"sample": sample, "source": sample.reshape(-1, 1, 8, 4, 8, 4).mean((3, 5)).astype(np.uint8)}


class Enlarge(Generator):
    """Four times the edge of "source", of any size, by sub-pixel convolution.

    Args:
        width: channels.
    """

    def __init__(self, data: DataSpec, *, width: PositiveInt = 4) -> None:
        super().__init__()
        channels = data.fields["source"][0]
        first, last = nn.Conv2d(channels, width, 3, padding=1), nn.Conv2d(width, 16 * channels, 3, padding=1)
        self.body = nn.Sequential(first, nn.PReLU(), last, nn.PixelShuffle(4))

    def forward(self, source: Tensor) -> Fields:
        """The enlarged picture, with details."""
        return {"sample": (interpolate(source, scale_factor=4.0) + self.body(source)).clamp(-1, 1)}


class Plain(Critic):
    """One score a picture.

    Args:
        width: channels.
    """

    def __init__(self, data: DataSpec, *, width: PositiveInt = 4) -> None:
        super().__init__()
        channels, rows, columns = data.shape
        last = nn.Linear(width * (rows // 2) * (columns // 2), 1)
        self.body = nn.Sequential(nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(), last, nn.Flatten(0))

    def forward(self, sample: Tensor) -> Scores:
        """Of the large picture."""
        return {"score": self.body(sample)}


class Content(Loss):
    """The squared distance to the truth.

    Args:
        weight: factor on the distance.
    """

    def __init__(self, data: DataSpec, *, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def generator_terms(self, turn: Turn) -> Terms:
        """The distance."""
        return {"content": self.weight * mse_loss(turn.fake["sample"], turn.real["sample"])}


class TwoPhases(Schedule):
    """The generator alone, by its content loss; then both players by all losses.

    Args:
        first: share of the run that the first phase takes.
    """

    def __init__(self, data: DataSpec, *, first: Fraction = 0.5) -> None:
        self.first = first

    def plan(self, step: int, total: int) -> Plan:
        """The phase of ``step``."""
        return Plan(critic_updates=0, losses=frozenset({"content"})) if step < self.first * total else Plan()
