"""What plugin authors call: ``new-plugin``."""

from __future__ import annotations

from pathlib import Path

from .listing import check_kind


def new_plugin(name: str, kind: str, out: Path | None, like: str | None) -> None:
    """Write a plugin's project, and say what to do with it."""
    check_kind(kind)
    from ganzoo.authoring.scaffold import new_plugin as write

    folder = write(name, kind, out, like)
    print(folder)
    for command, about in (
        (f"pip install -e {folder}", "install it as it is, so that changes count at once"),
        (f"pytest {folder}/tests", "its tests"),
        (f"ganzoo check {folder}", "build it, install it into a clean environment and check it there"),
    ):
        print(f"  {command:<{len(str(folder)) + 18}}  # {about}")
