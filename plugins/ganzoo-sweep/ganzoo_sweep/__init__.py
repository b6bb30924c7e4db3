"""Sweeps: one configuration trained over many settings and seeds, each trial a process and a run directory of its own.

It is released with the core and may use all of it. This entry-point module imports no torch.
"""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_commands() -> dict[str, str]:
    """The command."""
    return {"sweep": "ganzoo_sweep.command:sweep"}
