"""The smallest generator with encoders: the conformance kit tries the loss on it, without norms, which would mix a batch."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo import DataSpec, Fields, Generator, route


class LinearEncoders(Generator):
    """Linear encoders of what has one level everywhere, and is made without weights."""

    def __init__(self, data: DataSpec) -> None:
        super().__init__()
        self.latent_dim, self.shape, pixels = 3, data.shape, torch.Size(data.shape).numel()
        self.to_latent = nn.Linear(pixels, self.latent_dim)
        self.to_attributes = nn.Linear(pixels, torch.Size(data.fields["attributes"]).numel())

    def forward(self, sample: Tensor) -> Fields:
        """The samples as they are."""
        return {"sample": sample}

    @route(gives={"sample"})
    def generate(self, latent: Tensor, attributes: Tensor) -> Fields:
        """ "sample" (N, *shape) of noise (N, 3) and attributes (N, A)."""
        level = (latent.sum(dim=1) + attributes.sum(dim=1)).tanh()
        return {"sample": level[:, None].expand(-1, torch.Size(self.shape).numel()).reshape(-1, *self.shape)}

    @route(gives={"latent"})
    def encode_latent(self, sample: Tensor) -> Fields:
        """Noise (N, 3)."""
        return {"latent": self.to_latent(sample.flatten(1))}

    @route(gives={"attributes"})
    def encode_attributes(self, sample: Tensor) -> Fields:
        """Attributes (N, A)."""
        return {"attributes": self.to_attributes(sample.flatten(1))}
