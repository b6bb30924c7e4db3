"""BEGAN. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The critic's decoder, as a network of its own."""
    return {"began_decoder": "ganzoo_began.networks:BEGANGenerator"}


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """The autoencoder."""
    return {"began_autoencoder": "ganzoo_began.networks:BEGANCritic"}


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """What keeps both errors in balance."""
    return {"boundary_equilibrium": "ganzoo_began.loss:BoundaryEquilibrium"}
