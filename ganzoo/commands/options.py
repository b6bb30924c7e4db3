"""Arguments that several commands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ganzoo.errors import UserError
from ganzoo.files import check_ending

from . import offers

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Override = Annotated[
    list[str] | None,
    typer.Option(
        "-o", "--override", metavar="KEY=VALUE", autocompletion=offers.overrides, help="Set a configuration key: -o train.steps=500."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only warnings and errors.")]
ConfigFile = Annotated[
    Path,
    typer.Argument(metavar="CONFIG", autocompletion=offers.configurations, help="A YAML file, or a plugin's recipe: DISTRIBUTION:NAME."),
]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="A folder that 'ganzoo run' made.")]
RunOrPack = Annotated[Path, typer.Argument(metavar="RUN", help="A folder that 'ganzoo run' or 'ganzoo pack' made.")]
Seed = Annotated[int, typer.Option(metavar="N", min=0, max=2**63 - 1, help="Seed of the latents.")]
Weights = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Generator weights from elsewhere: .safetensors, a state dict or a checkpoint of torch.save; FILE:KEY where several fit.",
    ),
]

Step = Annotated[
    str | None,
    typer.Option(metavar="N", help="An earlier checkpoint that the run keeps, or best (by checkpoint.best); default: the last weights."),
]
DataOverride = Annotated[
    list[str] | None, typer.Option("-o", "--override", metavar="KEY=VALUE", help="Where the data lies now: -o data.root=FOLDER.")
]


def of_data(overrides: Sequence[str] | None) -> list[str]:
    """The overrides, all of them of the data.

    Raises:
        UserError: where one is not.
    """
    for text in overrides or ():
        if not text.startswith("data."):
            raise UserError("the run is as it was trained", "only where its data lies can be set: -o data.root=FOLDER", where=f"-o {text}")
    return list(overrides or ())


def check_pictures(*, png: Path | None = None, gif: Path | None = None, npz: Path | None = None) -> None:
    """See before any work that the named files can be what is written.

    Raises:
        UserError: where one ends otherwise, or is a folder.
    """
    for name, path in (("png", png), ("gif", gif), ("npz", npz)):
        if path is not None:
            check_ending(path, f".{name}", key=f"--{name}")
