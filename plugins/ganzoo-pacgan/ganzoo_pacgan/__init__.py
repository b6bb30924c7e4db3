"""PacGAN. This entry-point module imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """Another critic, on packs."""
    return {"pac": "ganzoo_pacgan.critic:Pac"}
