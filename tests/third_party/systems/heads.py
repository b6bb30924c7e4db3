"""Three pictures of three sizes, and a critic with a head for each (StackGAN-v2: Zhang et al., 2019, arXiv:1710.10916), small."""

from collections.abc import Mapping

import numpy as np
from torch import Tensor, nn

from ganzoo import Cache, Critic, Dataset, DataSpec, Fields, Generator, PositiveInt, Scores, route
from ganzoo.data import Digits


class Pyramid(Dataset):
    """Digits of 32 pixels (sample), and the same of 16 and of 8.

    Args:
        count: how many.
    """

    source = Digits.source

    def __init__(self, *, count: PositiveInt = 64) -> None:
        self.count = count

    def arrays(self, cache: Cache) -> Mapping[str, np.ndarray]:
        """The three sizes."""
        whole = np.asarray(Digits(size=32).arrays(cache)["sample"][: self.count])
        return {"sample": whole, "sample_16": _reduced(whole, 2), "sample_8": _reduced(whole, 4)}


def _reduced(pictures: np.ndarray, times: int) -> np.ndarray:
    n, c, h, w = pictures.shape
    return pictures.reshape(n, c, h // times, times, w // times, times).mean((3, 5)).astype(np.uint8)


class Growing(Generator):
    """Makes all three sizes, each of the features of the smaller one.

    Args:
        width: channels.
        latent_dim: length of the noise.
    """

    gives = frozenset({"sample", "sample_16", "sample_8"})

    def __init__(self, data: DataSpec, *, width: PositiveInt = 4, latent_dim: PositiveInt = 8) -> None:
        super().__init__()
        self.latent_dim, edge = latent_dim, data.fields["sample_8"][1]
        self.first = nn.Sequential(nn.Linear(latent_dim, width * edge**2), nn.ReLU(), nn.Unflatten(1, (width, edge, edge)))
        self.grow = nn.ModuleList(nn.Sequential(nn.ConvTranspose2d(width, width, 4, 2, 1), nn.ReLU()) for _ in range(2))
        self.paint = nn.ModuleList(nn.Sequential(nn.Conv2d(width, 1, 3, padding=1), nn.Tanh()) for _ in range(3))

    def forward(self, latent: Tensor) -> Fields:
        """Noise to the three sizes."""
        small = self.first(latent)
        middle = self.grow[0](small)
        return {"sample_8": self.paint[0](small), "sample_16": self.paint[1](middle), "sample": self.paint[2](self.grow[1](middle))}


class Heads(Critic):
    """A critic for each size: ``forward`` of the largest, routes of the others.

    Args:
        width: channels.
    """

    def __init__(self, data: DataSpec, *, width: PositiveInt = 4) -> None:
        super().__init__()

        def body(field: str) -> nn.Module:
            last = nn.Linear(width * (data.fields[field][1] // 2) ** 2, 1)
            return nn.Sequential(nn.Conv2d(1, width, 4, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(), last, nn.Flatten(0))

        self.large, self.middle, self.small = map(body, ("sample", "sample_16", "sample_8"))

    def forward(self, sample: Tensor) -> Scores:
        """Of 32 pixels."""
        return {"score": self.large(sample)}

    @route(gives={"score"})
    def at_16(self, sample_16: Tensor) -> Scores:
        """Of 16."""
        return {"score": self.middle(sample_16)}

    @route(gives={"score"})
    def at_8(self, sample_8: Tensor) -> Scores:
        """Of 8."""
        return {"score": self.small(sample_8)}
