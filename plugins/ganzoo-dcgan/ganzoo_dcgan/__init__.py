"""DCGAN's convolutional generator and critic. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The convolutional generator."""
    return {"dcgan": "ganzoo_dcgan.networks:DCGANGenerator"}


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """The convolutional critic."""
    return {"dcgan": "ganzoo_dcgan.networks:DCGANCritic"}
