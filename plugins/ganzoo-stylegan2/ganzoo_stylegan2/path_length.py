"""Path length regularisation: a step of a style changes the image by the same amount wherever it starts and wherever it leads.

generator:  weight * mean (|J'y| - a)^2,    J = dG(w)/dw,  y ~ N(0, 1) / sqrt(H W)

with a the moving average of |J'y|. Karras et al., 2020, arXiv:1912.04958; as in NVlabs/stylegan2.
"""

from __future__ import annotations

import math

import torch
from ganzoo_layers.sizes import halvings
from torch import Tensor

from ganzoo import DataSpec, Fraction, Loss, NonNegativeFloat, PositiveInt, Terms, Turn

from .jacobian import example, lengths


class PathLength(Loss):
    """For a generator with the routes "map" and "synthesise", that is ``stylegan2``; added to an adversarial loss.

    Args:
        weight: factor on the penalty.
        rate: of the moving average: a <- a + rate (mean |J'y| - a).
        shrink: the penalty is taken of the first 1 / shrink of a batch.
        every: act every so many steps, with the penalty that many times as strong (lazy regularisation).
    """

    paper = "Karras et al., 2020, arXiv:1912.04958"
    needs = frozenset({"map", "synthesise"})
    average: Tensor
    example_generator = staticmethod(example)  # for the conformance kit

    def __init__(
        self, data: DataSpec, *, weight: NonNegativeFloat = 2.0, rate: Fraction = 0.01, shrink: PositiveInt = 2, every: PositiveInt = 4
    ) -> None:
        super().__init__()
        halvings(data, "loss path_length", least=1)  # it refuses what is no image
        self.weight, self.rate, self.shrink, self.every = weight, rate, shrink, every
        self.register_buffer("average", torch.zeros(()))

    def generator_terms(self, turn: Turn) -> Terms:
        """The penalty on the turn's first latents."""
        latent = turn.drawn["latent"]
        found = lengths(turn, latent[: math.ceil(len(latent) / self.shrink)])
        average = torch.lerp(self.average, turn.mean(found).detach(), self.rate)
        turn.keep[self, "average"] = average
        return {"path_length": self.every * self.weight * (found - average).square().mean()}

    def after(self, turn: Turn) -> None:
        """Keep the average."""
        if turn.side == "generator" and (average := turn.keep.get((self, "average"))) is not None:
            self.average.copy_(average)
