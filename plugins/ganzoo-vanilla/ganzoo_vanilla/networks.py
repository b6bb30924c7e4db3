"""Fully connected networks, for small images and for points.

Shapes: N samples, L latent_dim, D values in one sample (784 for a 28 x 28 digit, 2 for a point).
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn

from ganzoo import Critic, DataSpec, Fields, Generator, PositiveInt, Scores

Activation = Literal["leaky_relu", "relu"]


class MLPGenerator(Generator):
    """Multilayer perceptron from "latent" (N, L) to "sample" (N, *shape).

    Images end in tanh and lie in [-1, 1]; other data, such as points, ends linear.

    Args:
        latent_dim: length L of the noise vector, drawn from a standard normal.
        hidden: units of each hidden layer, from the noise to the sample.
        activation: after each hidden layer; leaky_relu has slope 0.2.
        norm: batch normalises each hidden layer, before its activation.
    """

    paper = "Goodfellow et al., 2014, arXiv:1406.2661; layer sizes as commonly taught"

    def __init__(
        self,
        data: DataSpec,
        *,
        latent_dim: PositiveInt = 100,
        hidden: tuple[PositiveInt, ...] = (128, 256, 512),
        activation: Activation = "leaky_relu",
        norm: Literal["none", "batch"] = "none",
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.net = nn.Sequential(
            *hidden_layers((latent_dim, *hidden), activation, norm),
            nn.Linear((latent_dim, *hidden)[-1], math.prod(data.shape)),
            nn.Tanh() if data.is_image else nn.Identity(),
            nn.Unflatten(1, data.shape),  # (N, D) -> (N, *shape)
        )

    def forward(self, latent: Tensor) -> Fields:
        """Make samples.

        Args:
            latent: noise (N, L).

        Returns:
            "sample" (N, *shape); images in [-1, 1].
        """
        return {"sample": self.net(latent)}


class MLPCritic(Critic):
    """Multilayer perceptron from "sample" (N, *shape) to one raw "score" (N,).

    Args:
        hidden: units of each hidden layer, from the sample to the score.
        activation: after each hidden layer; leaky_relu has slope 0.2.
    """

    paper = "Goodfellow et al., 2014, arXiv:1406.2661; layer sizes as commonly taught"

    def __init__(self, data: DataSpec, *, hidden: tuple[PositiveInt, ...] = (512, 256), activation: Activation = "leaky_relu") -> None:
        super().__init__()
        sizes = (math.prod(data.shape), *hidden)
        self.net = nn.Sequential(
            nn.Flatten(),  # (N, *shape) -> (N, D)
            *hidden_layers(sizes, activation, norm="none"),
            nn.Linear(sizes[-1], 1),
            nn.Flatten(0),  # (N, 1) -> (N,)
        )

    def forward(self, sample: Tensor) -> Scores:
        """Judge samples.

        Args:
            sample: (N, *shape); images in [-1, 1].

        Returns:
            Raw "score" (N,).
        """
        return {"score": self.net(sample)}


def hidden_layers(sizes: tuple[int, ...], activation: Activation, norm: Literal["none", "batch"]) -> list[nn.Module]:
    """Linear, normalisation and activation, once for each step from ``sizes[i]`` to ``sizes[i + 1]`` units."""
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers.append(nn.Linear(before, after))
        if norm == "batch":
            # The default eps: BatchNorm1d(n, 0.8), often seen, sets eps to 0.8 where a momentum was meant.
            layers.append(nn.BatchNorm1d(after))
        layers.append(nn.LeakyReLU(0.2, inplace=True) if activation == "leaky_relu" else nn.ReLU(inplace=True))
    return layers
