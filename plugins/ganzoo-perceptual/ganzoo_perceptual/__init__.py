"""Perceptual losses. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """The distance in a frozen network's features."""
    return {"perceptual": "ganzoo_perceptual.loss:Perceptual"}
