"""PacGAN. Imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """The critic that judges several samples at once."""
    return {"packed_mlp": "ganzoo_pacgan.critic:PackedMLP"}
