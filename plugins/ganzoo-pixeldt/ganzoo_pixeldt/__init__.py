"""PixelDTGAN: the thing alone from a picture with it. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The converter."""
    return {"pixeldt": "ganzoo_pixeldt.networks:PixelDTGenerator"}


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """Both discriminators."""
    return {"pixeldt": "ganzoo_pixeldt.networks:PixelDTCritic"}


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """What both say of real, strange and made pictures."""
    return {"domain_transfer": "ganzoo_pixeldt.loss:DomainTransfer"}
