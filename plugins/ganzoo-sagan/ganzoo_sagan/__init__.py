"""SAGAN's generator and critic, with labels. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The generator."""
    return {"sagan": "ganzoo_sagan.networks:SAGANGenerator"}


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """The critic."""
    return {"sagan": "ganzoo_sagan.networks:SAGANCritic"}
