"""BEGAN's networks (Berthelot et al., 2017, arXiv:1703.10717; layers as in carpedm20/BEGAN-tensorflow), for images of many sizes.

Legend: N samples, L latent_dim, C channels, H x W pixels, n width. At 64 pixels, (channels x side):

    encoder  image -> n x 64 -> 2 n x 32 -> 3 n x 16 -> 4 n x 8 -> code;    decoder  code -> n x 8 -> ... -> n x 64 -> image
"""

from __future__ import annotations

import math

import torch
from ganzoo_layers.sizes import halvings
from torch import Tensor, nn

from ganzoo import Critic, DataSpec, Fields, Generator, PositiveInt, Scores

PAPER = "Berthelot et al., 2017, arXiv:1703.10717"


class BEGANGenerator(Generator):
    """From "latent" (N, L), uniform in [-1, 1], to "sample" (N, C, H, W): convolutions and nearest doubling.

    Args:
        latent_dim: length L of the noise vector.
        width: channels of all layers.
    """

    paper = PAPER

    def __init__(self, data: DataSpec, *, latent_dim: PositiveInt = 64, width: PositiveInt = 128) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.net = decoder(data, latent_dim, width, "generator began_decoder")

    def draw(self, n: int, device: torch.device | None = None) -> Fields:
        """Draw noise ``n`` times."""
        return {"latent": torch.rand(n, self.latent_dim, device=device) * 2 - 1}

    def forward(self, latent: Tensor) -> Fields:
        """Make images.

        Args:
            latent: noise (N, L).

        Returns:
            "sample" (N, C, H, W), cut off at -1 and 1 outside training.
        """
        made = self.net(latent)
        return {"sample": made if self.training else made.clamp(-1, 1)}


class BEGANCritic(Critic):
    """An autoencoder: from "sample" (N, C, H, W) in [-1, 1] to "score" (N,), minus the mean absolute error of each sample.

    Args:
        width: n channels of the layers nearest the image.
        code: values between encoder and decoder.
    """

    paper = PAPER

    def __init__(self, data: DataSpec, *, width: PositiveInt = 128, code: PositiveInt = 64) -> None:
        super().__init__()
        self.net = nn.Sequential(encoder(data, width, code), decoder(data, code, width, "critic began_autoencoder"))

    def forward(self, sample: Tensor) -> Scores:
        """Judge images.

        Args:
            sample: (N, C, H, W) in [-1, 1].

        Returns:
            Raw "score" (N,), at most 0.
        """
        return {"score": -(self.net(sample) - sample).abs().flatten(1).mean(dim=1)}


def encoder(data: DataSpec, width: int, code: int) -> nn.Sequential:
    """Two convolutions at each size, and one of stride 2 to the next, which has ``width`` channels more."""
    base, count = halvings(data, "critic began_autoencoder", base=7, least=1)
    layers: list[nn.Module] = [nn.Conv2d(data.shape[0], width, 3, padding=1), nn.ELU()]
    for level in range(1, count + 2):
        channels = level * width
        layers += [nn.Conv2d(channels, channels, 3, padding=1), nn.ELU()]
        after = channels + width if level <= count else channels
        layers += [nn.Conv2d(channels, after, 3, padding=1), nn.ELU()]
        layers += [nn.Conv2d(after, after, 3, 2, padding=1), nn.ELU()] if level <= count else []
    return initialised(nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * math.prod(base), code)))


def decoder(data: DataSpec, code: int, width: int, who: str) -> nn.Sequential:
    """Two convolutions at each size, between nearest doublings.

    Raises:
        UserError: where ``data`` has an unfit shape; it names ``who``.
    """
    base, count = halvings(data, who, base=7, least=1)
    layers: list[nn.Module] = [nn.Linear(code, width * math.prod(base)), nn.Unflatten(1, (width, *base))]
    for level in range(count + 1):
        layers += [nn.Upsample(scale_factor=2.0)] if level else []
        layers += [layer for _ in range(2) for layer in (nn.Conv2d(width, width, 3, padding=1), nn.ELU())]
    return initialised(nn.Sequential(*layers, nn.Conv2d(width, data.shape[0], 3, padding=1)))


def initialised(net: nn.Sequential) -> nn.Sequential:
    """``net`` with Glorot's weights and biases of 0, as in TensorFlow; under torch's smaller ones the image is lost on its way."""
    for layer in net:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return net
