"""The original GAN: multilayer perceptrons and the two losses of the first paper. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The fully connected generator."""
    return {"mlp": "ganzoo_vanilla.networks:MLPGenerator"}


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """The fully connected critic."""
    return {"mlp": "ganzoo_vanilla.networks:MLPCritic"}


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """Both losses of the original paper."""
    return {"non_saturating": "ganzoo_vanilla.non_saturating:NonSaturating", "minimax": "ganzoo_vanilla.minimax:Minimax"}
