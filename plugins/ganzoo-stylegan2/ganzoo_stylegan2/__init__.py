"""StyleGAN2: generator, critic and the path length penalty. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The skip generator with its mapping network."""
    return {"stylegan2": "ganzoo_stylegan2.generator:StyleGAN2Generator"}


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """The residual critic."""
    return {"stylegan2": "ganzoo_stylegan2.critic:StyleGAN2Critic"}


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """The penalty on the generator."""
    return {"path_length": "ganzoo_stylegan2.path_length:PathLength"}
