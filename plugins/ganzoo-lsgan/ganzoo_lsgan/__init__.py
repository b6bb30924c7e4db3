"""Least squares GAN. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """The least squares loss."""
    return {"least_squares": "ganzoo_lsgan.loss:LeastSquares"}
