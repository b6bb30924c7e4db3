"""Spectrally normalised critics, plain, residual or any other, and the projection critic with its generator. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The residual generator, without labels and with them."""
    return {
        "sn_resnet": "ganzoo_sngan.resnet:SNResNetGenerator",
        "sn_resnet_conditional": "ganzoo_sngan.resnet:ConditionalSNResNetGenerator",
    }


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """The plain critic, the residual one, the residual one with labels, and any other one normalised."""
    return {
        "sngan": "ganzoo_sngan.plain:SNGANCritic",
        "sn_resnet": "ganzoo_sngan.resnet:SNResNetCritic",
        "projection": "ganzoo_sngan.resnet:ProjectionCritic",
        "spectrally_normalised": "ganzoo_sngan.wrapper:Spectral",
    }
