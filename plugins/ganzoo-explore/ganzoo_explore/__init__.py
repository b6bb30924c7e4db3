"""Commands on trained generators, which are sampled, measured, looked into, compared, and carried elsewhere.

It is released with the core and may use all of it. This entry-point module imports no torch.
"""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_commands() -> dict[str, str]:
    """The commands, in the order of help."""
    return {
        "sample": "ganzoo_explore.sample:sample",
        "eval": "ganzoo_explore.measure:evaluate",
        "interpolate": "ganzoo_explore.view:interpolate",
        "neighbours": "ganzoo_explore.view:neighbours",
        "replay": "ganzoo_explore.view:replay",
        "compare": "ganzoo_explore.compare:compare",
        "export": "ganzoo_explore.share:export",
        "pack": "ganzoo_explore.share:pack",
    }
