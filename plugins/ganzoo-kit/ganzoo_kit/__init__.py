"""For those who write plugins, recipes and bug reports: a new project, the conformance kit, the check of a whole plugin, the schema.

It is released with the core and may use all of it; plugins use ``ganzoo.testing``. This entry-point module imports no torch.
"""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_commands() -> dict[str, str]:
    """The commands; ``ganzoo check`` passes plugins on to ``check-plugin``."""
    return {
        "check": "ganzoo_kit.check:check",
        "new-plugin": "ganzoo_kit.authoring.new_plugin:new_plugin",
        "check-plugin": "ganzoo_kit.authoring.check_plugin:check_plugin",
        "matrix": "ganzoo_kit.matrix:matrix",
        "schema": "ganzoo_kit.schema:schema",
        "doctor": "ganzoo_kit.doctor:doctor",
    }
