"""``ganzoo new-plugin``: write a new plugin's project."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from ganzoo.commands import offers
from ganzoo.commands.installed import check_kind
from ganzoo.errors import UserError
from ganzoo.hookspecs import GIVEN

GROUP = "Share"


def new_plugin(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name in lower-case words, joined by hyphens: tower makes ganzoo-tower.")],
    kind: Annotated[
        str | None, typer.Option(metavar="KIND", autocompletion=offers.kinds, help=f"What it gives: {', '.join(GIVEN)}.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="A plugin of one file to make it from, instead of --kind.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="The project's folder (default: ganzoo-NAME).")] = None,
    like: Annotated[
        str | None, typer.Option(metavar="CONFIG", help="The configuration that its recipe starts from (default: an installed recipe).")
    ] = None,
) -> None:
    """Write a new plugin: a component that works, with its tests.

    Or, with --from, the package of a plugin of one file, whose code is run.

    Example: ganzoo new-plugin tower --kind loss
    """
    check_kind(kind)
    from . import scaffold

    if file:
        if kind:
            raise UserError("the file says what it gives", "leave --kind out", key="--kind")
        folder = scaffold.package(name, file, out, like)
    elif kind:
        folder = scaffold.new_plugin(name, kind, out, like)
    else:
        raise UserError("it is not said what the plugin gives", "name a kind with --kind, or a file with --from", key="--kind")
    print(folder)
    there = shlex.quote(str(folder))
    for command, about in (
        (f"pip install -e {there}", "install it as it is, so that changes count at once"),
        (f"pytest {there}", "its tests"),
        (f"ganzoo check {there}", "build it, install it into a clean environment and check it there"),
    ):
        print(f"  {command:<{len(there) + 15}}  # {about}")
