"""A command of one's own."""

from pathlib import Path
from typing import Annotated

import typer

GROUP = "Look at runs"


def read_diary(run: Annotated[Path, typer.Argument(metavar="RUN", help="A folder whose run the diary observed.")]) -> None:
    """Print the diary of a run.

    Example: ganzoo read-diary runs/squares
    """
    print((run / "diary.txt").read_text(), end="")
