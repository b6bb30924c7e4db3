"""Relativistic GANs. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """The loss of pairs, and that against the average of the other side."""
    return {
        "relativistic_pairing": "ganzoo_relativistic.pairing:RelativisticPairing",
        "relativistic_average": "ganzoo_relativistic.average:RelativisticAverage",
    }
