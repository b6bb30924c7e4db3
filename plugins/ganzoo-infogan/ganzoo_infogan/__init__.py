"""InfoGAN. Imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The generator that draws codes."""
    return {"infogan": "ganzoo_infogan.networks:InfoGANGenerator"}


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """The critic that recognises codes."""
    return {"infogan": "ganzoo_infogan.networks:InfoGANCritic"}


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """The bound on the mutual information of codes and samples."""
    return {"mutual_information": "ganzoo_infogan.loss:MutualInformation"}
