"""Conditional GAN. Imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The generator that takes a label."""
    return {"cgan_mlp": "ganzoo_cgan.networks:CGANGenerator"}


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """The critic that takes a label."""
    return {"cgan_mlp": "ganzoo_cgan.networks:CGANCritic"}
