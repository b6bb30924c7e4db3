"""A fully connected critic that shows its last hidden layer, which feature matching needs."""

from __future__ import annotations

import math
from itertools import pairwise

from torch import Tensor, nn

from ganzoo import Critic, DataSpec, PositiveInt, Scores


class FeatureMLP(Critic):
    """Multilayer perceptron from "sample" (N, *shape) to raw "score" (N,) and "features" (N, F), its last hidden layer.

    Args:
        hidden: units of the first hidden layers, from the sample on; each is followed by LeakyReLU 0.2.
        features: units F of the last hidden layer.
    """

    paper = "Salimans et al., 2016, arXiv:1606.03498; layer sizes as commonly taught"
    gives = frozenset({"score", "features"})

    def __init__(self, data: DataSpec, *, hidden: tuple[PositiveInt, ...] = (512,), features: PositiveInt = 256) -> None:
        super().__init__()
        sizes = (math.prod(data.shape), *hidden, features)
        layers = [layer for pair in pairwise(sizes) for layer in (nn.Linear(*pair), nn.LeakyReLU(0.2))]
        self.body, self.head = nn.Sequential(nn.Flatten(), *layers), nn.Linear(features, 1)

    def forward(self, sample: Tensor) -> Scores:
        """Judge samples.

        Args:
            sample: (N, *shape); images in [-1, 1].

        Returns:
            Raw "score" (N,) and "features" (N, F).
        """
        features = self.body(sample)
        return {"score": self.head(features).flatten(), "features": features}
