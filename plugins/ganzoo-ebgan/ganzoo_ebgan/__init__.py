"""EBGAN. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """The critic whose error is an energy."""
    return {"autoencoder": "ganzoo_ebgan.critic:Autoencoder"}


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """The margin, and what keeps the codes of fakes apart."""
    return {"energy_margin": "ganzoo_ebgan.margin:EnergyMargin", "pulling_away": "ganzoo_ebgan.pulling_away:PullingAway"}
