"""Energy-based GAN. Imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """The autoencoder."""
    return {"autoencoder": "ganzoo_ebgan.autoencoder:Autoencoder"}


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """The loss with a margin, and the term that keeps fakes apart."""
    return {"ebgan": "ganzoo_ebgan.loss:EBGAN", "pulling_away": "ganzoo_ebgan.pulling_away:PullingAway"}
