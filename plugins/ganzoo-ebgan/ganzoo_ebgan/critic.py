"""A fully connected autoencoder as critic (Zhao et al., 2017, arXiv:1609.03126).

Shapes: N samples, D values in one sample, C values of the code.
"""

from __future__ import annotations

import math
from itertools import pairwise

from torch import Tensor, nn

from ganzoo import Critic, DataSpec, PositiveInt, Scores


class Autoencoder(Critic):
    """From "sample" (N, *shape) to "score" (N,), minus the mean squared error of each sample, and to its "code" (N, C).

    Args:
        hidden: units of the encoder's hidden layers; the decoder has them in reverse order.
        code: values between encoder and decoder.
        give_code: give the "code", which `pulling_away` reads; false: the score alone.
    """

    paper = "Zhao et al., 2017, arXiv:1609.03126"
    gives = frozenset({"score", "code"})

    def __init__(
        self, data: DataSpec, *, hidden: tuple[PositiveInt, ...] = (512, 256), code: PositiveInt = 64, give_code: bool = True
    ) -> None:
        super().__init__()
        self.gives = self.gives if give_code else frozenset({"score"})
        sizes = (math.prod(data.shape), *hidden, code)
        self.encoder, self.decoder = nn.Sequential(nn.Flatten(), *layers(sizes)), nn.Sequential(*layers(sizes[::-1]))

    def forward(self, sample: Tensor) -> Scores:
        """Judge samples.

        Args:
            sample: (N, *shape); images in [-1, 1].

        Returns:
            Raw "score" (N,), at most 0, and "code" (N, C).
        """
        code = self.encoder(sample)
        score = -(self.decoder(code) - sample.flatten(1)).square().mean(dim=1)
        return {"score": score, "code": code} if "code" in self.gives else {"score": score}


def layers(sizes: tuple[int, ...]) -> list[nn.Module]:
    """Linear layers with a ReLU between them."""
    found: list[nn.Module] = [layer for pair in pairwise(sizes) for layer in (nn.Linear(*pair), nn.ReLU())]
    return found[:-1]
