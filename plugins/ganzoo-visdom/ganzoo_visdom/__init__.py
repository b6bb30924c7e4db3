"""Visdom. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_observers() -> dict[str, str]:
    """The observer that sends to a Visdom server."""
    return {"visdom": "ganzoo_visdom.observer:Visdom"}
