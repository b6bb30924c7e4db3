"""Boundary equilibrium GAN. Imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The decoder alone."""
    return {"began_conv": "ganzoo_began.networks:BEGANGenerator"}


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """The convolutional autoencoder."""
    return {"began_conv": "ganzoo_began.networks:BEGANCritic"}


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """The loss with its balance."""
    return {"boundary_equilibrium": "ganzoo_began.loss:BEGAN"}
