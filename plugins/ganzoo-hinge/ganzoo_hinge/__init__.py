"""The hinge loss. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """The hinge loss."""
    return {"hinge": "ganzoo_hinge.loss:Hinge"}
