"""BiGAN: a generator with an encoder, whose critic sees pairs of picture and code (Donahue et al., 2017, arXiv:1605.09782), small."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import Critic, DataSpec, Fields, Generator, Loss, PositiveInt, Scores, Terms, Turn, UserError, route


class AutoEncoding(Generator):
    """Makes pictures of codes; the route ``encode`` makes codes of pictures, ``reconstruct`` goes there and back.

    Args:
        width: units of the hidden layers.
        latent_dim: length of a code.
    """

    def __init__(self, data: DataSpec, *, width: PositiveInt = 32, latent_dim: PositiveInt = 8) -> None:
        super().__init__()
        self.latent_dim, pixels = latent_dim, math.prod(data.shape)
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, width), nn.ReLU(), nn.Linear(width, pixels), nn.Tanh(), nn.Unflatten(1, data.shape)
        )
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(pixels, width), nn.ReLU(), nn.Linear(width, latent_dim))

    def forward(self, latent: Tensor) -> Fields:
        """Pictures of codes."""
        return {"sample": self.decoder(latent)}

    @route(gives={"latent"})
    def encode(self, sample: Tensor) -> Fields:
        """Codes of pictures."""
        return {"latent": self.encoder(sample)}

    @route(gives={"sample"})
    def reconstruct(self, sample: Tensor) -> Fields:
        """Pictures of the codes of pictures."""
        return {"sample": self.decoder(self.encoder(sample))}


class JudgePairs(Critic):
    """Scores a picture together with its code.

    Args:
        width: units of the hidden layer.
        latent_dim: length of a code.
    """

    def __init__(self, data: DataSpec, *, width: PositiveInt = 32, latent_dim: PositiveInt = 8) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.body = nn.Sequential(nn.Linear(math.prod(data.shape) + latent_dim, width), nn.LeakyReLU(0.2), nn.Linear(width, 1))

    def forward(self, sample: Tensor, latent: Tensor) -> Scores:
        """Of pairs."""
        if latent.shape[1] != self.latent_dim:
            raise UserError(f"codes have a length of {latent.shape[1]}, not {self.latent_dim}", "set critic.latent_dim to it")
        return {"score": self.body(torch.cat([sample.flatten(1), latent], 1))[:, 0]}


class Pairs(Loss):
    """Non-saturating, on pictures with their encoded codes against codes with their made pictures."""

    needs = frozenset({"encode"})
    scores = frozenset({"score"})

    def __init__(self, data: DataSpec) -> None:
        super().__init__()

    def critic_terms(self, turn: Turn) -> Terms:
        """Tell them apart."""
        encoded, made = self._scores(turn)
        return {"adversarial": softplus(-encoded).mean() + softplus(made).mean()}

    def generator_terms(self, turn: Turn) -> Terms:
        """Make them alike, from both sides."""
        encoded, made = self._scores(turn)
        return {"adversarial": softplus(encoded).mean() + softplus(-made).mean()}

    def _scores(self, turn: Turn) -> tuple[Tensor, Tensor]:
        encoded = turn.make(turn.real, route="encode")
        return turn.judge(encoded)["score"], turn.fake_scores["score"]
