"""A mapping network, and path length regularisation every few steps (StyleGAN2: Karras et al., 2020, arXiv:1912.04958), small."""

import math
from typing import Annotated

import torch
from annotated_types import Ge, Lt
from torch import Tensor, nn

from ganzoo import Critic, DataSpec, Fields, Generator, Loss, PositiveInt, Scheduled, Scores, Terms, Turn, route


class Styled(Generator):
    """A style of the noise, and a picture of the style; each is a route as well.

    Args:
        width: channels.
        latent_dim: length of noise and style.
    """

    def __init__(self, data: DataSpec, *, width: PositiveInt = 4, latent_dim: PositiveInt = 8) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        channels, rows, columns = data.shape
        self.mapping = nn.Sequential(nn.Linear(latent_dim, latent_dim), nn.LeakyReLU(0.2), nn.Linear(latent_dim, latent_dim))
        self.constant = nn.Parameter(torch.randn(1, width, rows // 4, columns // 4))
        self.gain = nn.Linear(latent_dim, width)
        self.body = nn.Sequential(
            nn.ConvTranspose2d(width, width, 4, 2, 1), nn.LeakyReLU(0.2), nn.ConvTranspose2d(width, channels, 4, 2, 1), nn.Tanh()
        )

    def forward(self, latent: Tensor) -> Fields:
        """Noise to pictures."""
        return {"sample": self._paint(self.mapping(latent))}

    @route(gives={"style"})
    def style_of(self, latent: Tensor) -> Fields:
        """Noise to styles."""
        return {"style": self.mapping(latent)}

    @route(gives={"sample"})
    def painted(self, style: Tensor) -> Fields:
        """Styles to pictures."""
        return {"sample": self._paint(style)}

    def _paint(self, style: Tensor) -> Tensor:
        made: Tensor = self.body(self.constant * (1 + self.gain(style))[:, :, None, None])
        return made


class Judge(Critic):
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
        """Of pictures."""
        return {"score": self.body(sample)}


class LazyPathLength(Loss):
    """A step in style space changes a picture by the same length everywhere: (|J^T y| - a)^2, y normal noise, a its running mean.

    Args:
        weight: factor on the penalty.
        decay: of the running mean.
        every: act every so many steps, that many times as strongly.
    """

    needs = frozenset({"style_of", "painted"})

    def __init__(
        self, data: DataSpec, *, weight: Scheduled = 2.0, decay: Annotated[float, Ge(0), Lt(1)] = 0.99, every: PositiveInt = 4
    ) -> None:
        super().__init__()
        self.weight, self.decay, self.every = weight, decay, every
        self.register_buffer("mean", torch.zeros(()))

    def generator_terms(self, turn: Turn) -> Terms:
        """The penalty, on fresh pictures of this turn's noise."""
        styled = turn.make(turn.drawn, route="style_of")
        picture = turn.make(styled, route="painted")["sample"]
        noise = torch.randn_like(picture) / math.sqrt(picture[0, 0].numel())
        (slope,) = torch.autograd.grad((picture * noise).sum(), styled["style"], create_graph=True)
        lengths = slope.square().sum(dim=1).sqrt()
        mean = torch.lerp(self.mean, lengths.mean(), 1 - self.decay)
        turn.keep[self] = mean.detach()
        return {"path_length": self.every * self.weight * (lengths - mean).square().mean()}

    def after(self, turn: Turn) -> None:
        """Keep the running mean."""
        if turn.side == "generator":
            self.mean.copy_(turn.keep[self])
