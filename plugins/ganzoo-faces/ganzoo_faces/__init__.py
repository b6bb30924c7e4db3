"""Drawn faces. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_datasets() -> dict[str, str]:
    """The data set."""
    return {"faces": "ganzoo_faces.data:Faces"}
