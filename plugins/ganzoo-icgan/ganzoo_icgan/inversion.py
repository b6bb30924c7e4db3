"""The encoders Ez and Ey of a conditional generator G: noise is found of what G makes, attributes of real pictures x.

generator:  mean (Ez(G(z, y)) - z)^2 + mean (Ey(x) - y)^2

Perarnau et al., 2016, arXiv:1611.06355. The mean is taken over the numbers of a vector, too, as in Guim3/IcGAN. Of these terms no
gradient reaches G.
"""

from __future__ import annotations

from torch.nn.functional import mse_loss

from ganzoo import DataSpec, Loss, Terms, Turn

from .example import LinearEncoders


class Inversion(Loss):
    """Encoders of a generator with the routes ``generate``, ``encode_latent`` and ``encode_attributes``."""

    paper = "Perarnau et al., 2016, arXiv:1611.06355"
    reads = frozenset({"attributes"})
    needs = frozenset({"generate", "encode_latent", "encode_attributes"})
    example_generator = LinearEncoders  # for the conformance kit

    def __init__(self, data: DataSpec) -> None:
        super().__init__()

    def generator_terms(self, turn: Turn) -> Terms:
        """The distance of each encoder."""
        made = turn.make(turn.real | turn.drawn, route="generate")["sample"].detach()
        latent = turn.make({"sample": made}, route="encode_latent")["latent"]
        attributes = turn.make(turn.real, route="encode_attributes")["attributes"]
        return {"latent": mse_loss(latent, turn.drawn["latent"]), "attributes": mse_loss(attributes, turn.real["attributes"])}
