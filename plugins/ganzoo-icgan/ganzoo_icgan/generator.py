"""The networks of IcGAN (Perarnau et al., 2016, arXiv:1611.06355): a conditional generator G, and encoders that invert it.

For 64 pixels and the default widths, kernels of 4 x 4 (G) and 5 x 5 (encoders):

    G   noise and attributes -> 512 x 4 x 4 -> 256 x 8 x 8 -> 128 x 16 x 16 -> 64 x 32 x 32 -> image in [-1, 1]
    Ez  image -> 32 x 32 x 32 -> 64 x 16 x 16 -> 128 x 8 x 8 -> 256 x 4 x 4 -> 4096 -> noise
    Ey  image -> 32 x 32 x 32 -> 64 x 16 x 16 -> 128 x 8 x 8 -> 256 x 4 x 4 -> 512 -> attributes

Layers as in Guim3/IcGAN.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from ganzoo_layers.sizes import halvings
from torch import Tensor, nn

from ganzoo import DataSpec, Fields, Generator, PositiveInt, route

from .attributes import changes, exclusive, settled

PAPER = "Perarnau et al., 2016, arXiv:1611.06355"
INIT_STD = 0.02


class IcGANGenerator(Generator):
    """``forward`` changes one attribute of "sample": G(Ez(x), Ey(x) but for what "label" says).

    Routes: ``generate``, G from "latent" and "attributes" to "sample"; ``encode_latent`` and ``encode_attributes``, Ez and Ey from
    "sample".

    Args:
        latent_dim: length of the noise.
        width: channels of G nearest the image; each layer further inwards has twice as many.
        encoder_width: channels of the encoders nearest the image, likewise.
        latent_units: of Ez's inner linear layer; null, as published: as many as it is given.
        attribute_units: of Ey's.
    """

    paper = PAPER
    changes: Tensor

    def __init__(
        self,
        data: DataSpec,
        *,
        latent_dim: PositiveInt = 100,
        width: PositiveInt = 64,
        encoder_width: PositiveInt = 32,
        latent_units: PositiveInt | None = None,
        attribute_units: PositiveInt = 512,
    ) -> None:
        super().__init__()
        self.exclusive = exclusive(data, "generator icgan")
        (attributes,), self.latent_dim = data.fields["attributes"], latent_dim
        self.decoder = decoder(data, latent_dim + attributes, width)
        self.latent_encoder = encoder(data, latent_dim, encoder_width, latent_units)
        self.attribute_encoder = encoder(data, attributes, encoder_width, attribute_units)
        self.register_buffer("changes", changes(attributes, self.exclusive))

    def forward(self, sample: Tensor, label: Tensor) -> Fields:
        """Change pictures.

        Args:
            sample: (N, C, H, W) in [-1, 1].
            label: (N,), the changes.

        Returns:
            "sample" likewise. What is left as it is are the attributes that Ey finds, as 1 or -1.
        """
        wanted = self.changes[label]
        found = settled(self.attribute_encoder(sample), self.exclusive)
        return self.generate(self.latent_encoder(sample), torch.where(wanted == 0, found, wanted))

    @route(gives={"sample"})
    def generate(self, latent: Tensor, attributes: Tensor) -> Fields:
        """G: "sample" (N, C, H, W) in [-1, 1] of noise (N, L) and attributes (N, A)."""
        return {"sample": self.decoder(torch.cat([latent, attributes], dim=1))}

    @route(gives={"latent"})
    def encode_latent(self, sample: Tensor) -> Fields:
        """Ez: the noise (N, L) of images (N, C, H, W)."""
        return {"latent": self.latent_encoder(sample)}

    @route(gives={"attributes"})
    def encode_attributes(self, sample: Tensor) -> Fields:
        """Ey: the attributes (N, A) of images (N, C, H, W), of which those above 0 are there."""
        return {"attributes": self.attribute_encoder(sample)}


def decoder(data: DataSpec, given: int, width: int) -> nn.Sequential:
    """G, from vectors of the length ``given``; weights N(0, 0.02), gains N(1, 0.02), biases 0."""
    innermost, times = halvings(data, "generator icgan", base=4, least=1)
    widths = [width << i for i in reversed(range(times))]
    layers: list[nn.Module] = [nn.Unflatten(1, (given, 1, 1)), nn.ConvTranspose2d(given, widths[0], innermost)]
    for before, after in pairwise(widths):
        layers += [nn.BatchNorm2d(before), nn.ReLU(inplace=True), nn.ConvTranspose2d(before, after, 4, 2, 1)]
    layers += [nn.BatchNorm2d(width), nn.ReLU(inplace=True), nn.ConvTranspose2d(width, data.shape[0], 4, 2, 1), nn.Tanh()]
    return initialised(nn.Sequential(*layers))


def encoder(data: DataSpec, made: int, width: int, units: int | None) -> nn.Sequential:
    """Ez or Ey, to vectors of the length ``made``."""
    (height, breadth), times = halvings(data, "generator icgan", base=4, least=1)
    layers: list[nn.Module] = []
    for before, after in pairwise([data.shape[0], *(width << i for i in range(times))]):
        layers += [nn.Conv2d(before, after, 5, 2, 2), nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
    inner = (width << times - 1) * height * breadth
    hidden = units or inner
    head = [nn.Flatten(), nn.Linear(inner, hidden), nn.BatchNorm1d(hidden), nn.ReLU(inplace=True), nn.Linear(hidden, made)]
    return nn.Sequential(*layers, *head)


def initialised(network: nn.Sequential) -> nn.Sequential:
    """``network`` with weights N(0, 0.02), gains N(1, 0.02), biases 0."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d)):
            nn.init.normal_(module.weight, float(isinstance(module, nn.BatchNorm2d)), INIT_STD)
            assert module.bias is not None
            nn.init.zeros_(module.bias)
    return network
