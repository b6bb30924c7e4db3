"""What the core itself gives, through the same hooks as everyone's plugins."""

from __future__ import annotations

from .hookspecs import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_schedules() -> dict[str, str]:
    """The plain schedule."""
    return {"alternate": "ganzoo.schedules:Alternate"}


@hookimpl
def ganzoo_datasets() -> dict[str, str]:
    """The data sets that need no files."""
    return {"digits": "ganzoo.data.digits:Digits", "ring": "ganzoo.data.toys:Ring", "grid": "ganzoo.data.toys:Grid"}
