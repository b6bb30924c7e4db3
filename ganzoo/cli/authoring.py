"""What plugin authors call: ``new-plugin``."""

from __future__ import annotations

import shlex
from pathlib import Path

from .listing import check_kind


def new_plugin(name: str, kind: str, out: Path | None, like: str | None) -> None:
    """Write a plugin's project, and say what to do with it."""
    check_kind(kind)
    from ganzoo.authoring.scaffold import new_plugin as write

    folder = write(name, kind, out, like)
    print(folder)
    there = shlex.quote(str(folder))
    for command, about in (
        (f"pip install -e {there}", "install it as it is, so that changes count at once"),
        (f"pytest {there}", "its tests"),
        (f"ganzoo check {there}", "build it, install it into a clean environment and check it there"),
    ):
        print(f"  {command:<{len(there) + 15}}  # {about}")
