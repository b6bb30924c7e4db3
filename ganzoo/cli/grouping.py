"""How ``ganzoo --help`` lists the commands: by what one wants to do."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

GROUPS = {
    "Train": ("run", "check", "sweep", "matrix"),
    "Look at runs": ("sample", "interpolate", "neighbours", "eval", "report", "compare", "replay"),
    "Share": ("export", "pack", "new-plugin"),
    "What is installed": ("list", "info", "plugins", "schema", "doctor"),
}
"""Heading to commands. Every command stands under one."""
SENTENCE = 200
"""Characters that a command's first sentence may have, so that it is wrapped rather than cut short."""


class Commands(TyperGroup):
    """The commands of ganzoo. Help lists them under headings, each with the first sentence of its own help."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section for each heading."""
        longest = max(map(len, self.commands))
        for heading, names in GROUPS.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(longest), self.commands[name].get_short_help_str(SENTENCE)) for name in names])
