"""A fully connected autoencoder as critic: what it reconstructs badly is not real."""

from __future__ import annotations

import math
from itertools import pairwise

from torch import Tensor, nn

from ganzoo import Critic, DataSpec, PositiveInt, Scores


class Autoencoder(Critic):
    """From "sample" (N, *shape) to raw "score" (N,), minus the energy, and "code" (N, F).

    The energy is the mean squared error of a sample's reconstruction, over all its values: real samples have low energies, so
    high scores. Images are reconstructed in [-1, 1].

    Args:
        hidden: units of the encoder's hidden layers; the decoder has them in reverse. Each is followed by ReLU.
        features: units F of the code.
    """

    paper = "Zhao et al., 2017, arXiv:1609.03126; fully connected"
    gives = frozenset({"score", "code"})

    def __init__(self, data: DataSpec, *, hidden: tuple[PositiveInt, ...] = (512,), features: PositiveInt = 32) -> None:
        super().__init__()
        sizes = (math.prod(data.shape), *hidden, features)
        self.encoder = nn.Sequential(nn.Flatten(), *layers(sizes))
        self.decoder = nn.Sequential(nn.ReLU(), *layers(sizes[::-1]), nn.Tanh() if data.is_image else nn.Identity())

    def forward(self, sample: Tensor) -> Scores:
        """Judge samples by their reconstruction.

        Args:
            sample: (N, *shape); images in [-1, 1].

        Returns:
            Raw "score" (N,), at most 0, and "code" (N, F).
        """
        code = self.encoder(sample)
        return {"score": -(self.decoder(code) - sample.flatten(1)).square().mean(dim=1), "code": code}


def layers(sizes: tuple[int, ...]) -> list[nn.Module]:
    """Linear layers from each size to the next, with a ReLU between two."""
    found: list[nn.Module] = []
    for before, after in pairwise(sizes):
        found += [nn.Linear(before, after), nn.ReLU()]
    return found[:-1]
