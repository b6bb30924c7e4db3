"""DRAGAN's gradient penalty. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """The penalty on the critic's gradient around the data."""
    return {"dragan": "ganzoo_dragan.loss:DRAGAN"}
