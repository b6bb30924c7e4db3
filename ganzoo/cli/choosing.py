"""The options of every command that choose plugins: ``--plugin FILE``, ``-p no:NAME``, ``--allow-code``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.main import get_command

from ganzoo.errors import UserError
from ganzoo.plugins.one_file import choose

HEADING = "Plugins"


def add_options(command: Any) -> Any:
    """Give a command the options that it has no option of the same name for; returns it."""
    taken = {word for parameter in command.params for word in parameter.opts}
    command.params += [option for option in _options() if not taken & set(option.opts)]
    return command


def _options() -> list[Any]:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(_declared)
    options = [parameter for parameter in get_command(app).params if parameter.opts[0] != "--help"]
    for option in options:
        option.expose_value = False  # the commands themselves know nothing of it
    return options


def _files(value: list[Path] | None) -> None:
    choose(files=value or [])


def _without(value: list[str] | None) -> None:
    for text in value or []:
        before, _, name = text.partition(":")
        if before != "no" or not name:
            raise UserError(f"'{text}' leaves no plugin out", "write -p no:NAME; --plugin FILE adds one", key="-p")
        choose(without=[name])


def _allow(value: bool) -> None:
    choose(allow_code=value)


def _declared(
    plugin: Annotated[
        list[Path] | None,
        typer.Option("--plugin", metavar="FILE", callback=_files, rich_help_panel=HEADING, help="Use a plugin of one Python file, too."),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option("-p", metavar="no:NAME", callback=_without, rich_help_panel=HEADING, help="Leave an installed plugin out."),
    ] = None,
    allow_code: Annotated[
        bool,
        typer.Option(
            "--allow-code", callback=_allow, rich_help_panel=HEADING, help="Run the Python files that a configuration or a run names."
        ),
    ] = False,
) -> None: ...
