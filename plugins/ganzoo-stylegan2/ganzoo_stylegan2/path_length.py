"""Path length regularisation: a step of a style changes the image by the same amount wherever it starts and wherever it leads.

generator:  weight * mean (|J'y| - a)^2,    J = dG(w)/dw,  y ~ N(0, 1) / sqrt(H W)

with a the moving average of |J'y|, which is the root of the mean over layers of the squared norm. Karras et al., 2020, arXiv:1912.04958;
as in NVlabs/stylegan2.
"""

from __future__ import annotations

import math

import torch
from ganzoo_layers.sizes import halvings
from torch import Tensor

from ganzoo import DataSpec, Fraction, Loss, NonNegativeFloat, PositiveInt, Terms, Turn

from .generator import StyleGAN2Generator


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

    def __init__(
        self,
        data: DataSpec,
        *,
        weight: NonNegativeFloat = 2.0,
        rate: Fraction = 0.01,
        shrink: PositiveInt = 2,
        every: PositiveInt = 4,
    ) -> None:
        super().__init__()
        halvings(data, "loss path_length")  # it refuses what is no image
        self.weight, self.rate, self.shrink, self.every = weight, rate, shrink, every
        self.register_buffer("average", torch.zeros(()))

    @staticmethod
    def example_generator(data: DataSpec) -> StyleGAN2Generator:
        """A small generator with the routes, for the conformance kit."""
        return StyleGAN2Generator(data, latent_dim=4, style_dim=4, mapping_layers=1, width=4, capacity=64, mixing=0.0)

    def generator_terms(self, turn: Turn) -> Terms:
        """The penalty on the turn's first latents."""
        latent = turn.drawn["latent"]
        styles = turn.make({"latent": latent[: math.ceil(len(latent) / self.shrink)]}, route="map")["styles"]
        styles = styles if styles.requires_grad else styles.detach().requires_grad_()  # where the mapping network is frozen
        sample = turn.make({"styles": styles}, route="synthesise")["sample"]
        direction = torch.randn_like(sample) / math.sqrt(sample[0, 0].numel())
        (moved,) = torch.autograd.grad((sample * direction).sum(), styles, create_graph=True)
        # vector_norm has the gradient 0 at 0, where sqrt(sum of squares) would have none
        lengths = torch.linalg.vector_norm(moved, dim=(1, 2)) / math.sqrt(moved.shape[1])
        average = torch.lerp(self.average, turn.mean(lengths).detach(), self.rate)
        turn.keep[self, "average"] = average
        return {"path_length": self.every * self.weight * (lengths - average).square().mean()}

    def after(self, turn: Turn) -> None:
        """Keep the average."""
        if turn.side == "generator" and (average := turn.keep.get((self, "average"))) is not None:
            self.average.copy_(average)
