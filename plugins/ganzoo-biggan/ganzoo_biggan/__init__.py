"""BigGAN and BigGAN-deep, with labels, and the orthogonal term. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The generators."""
    return {"biggan": "ganzoo_biggan.generator:BigGANGenerator", "biggan_deep": "ganzoo_biggan.deep:BigGANDeepGenerator"}


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """The critics."""
    return {"biggan": "ganzoo_biggan.critic:BigGANCritic", "biggan_deep": "ganzoo_biggan.deep:BigGANDeepCritic"}


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """The regulariser of the generator's weights."""
    return {"orthogonal": "ganzoo_biggan.orthogonal:Orthogonal"}
