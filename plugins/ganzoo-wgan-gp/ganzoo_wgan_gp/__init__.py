"""Gradient penalties, WGAN-GP's, R1 and R2, and the WGAN-GP paper's residual networks. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The residual generator."""
    return {"resnet": "ganzoo_wgan_gp.networks:ResNetGenerator"}


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """The residual critic."""
    return {"resnet": "ganzoo_wgan_gp.networks:ResNetCritic"}


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """Three penalties on the critic's gradient with respect to its input."""
    return {
        "gradient_penalty": "ganzoo_wgan_gp.gradient_penalty:GradientPenalty",
        "r1": "ganzoo_wgan_gp.r1:R1",
        "r2": "ganzoo_wgan_gp.r2:R2",
    }
