"""``ganzoo sample``: look at a trained generator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.commands.options import DataOverride, Json, Seed, Step, Weights, check_pictures, of_data
from ganzoo.errors import UserError
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter as choose_reporter
from ganzoo.ui.tables import print_files

if TYPE_CHECKING:
    from ganzoo.runs.trained import Trained

GROUP = "Look at runs"


def sample(
    run_folder: Annotated[
        Path, typer.Argument(metavar="RUN", help="A folder that 'ganzoo run' or 'ganzoo pack' made; with --from an ONNX export, too.")
    ],
    n: Annotated[int | None, typer.Option("-n", metavar="N", min=1, help="How many samples (default: 64).")] = None,
    seed: Seed = 0,
    label: Annotated[
        str | None, typer.Option(metavar="CLASS", help="One class, by its name or number from 0 (default: all in turn).")
    ] = None,
    per_class: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="So many samples of each class, a row a class, instead of -n.")
    ] = None,
    truncation: Annotated[
        float | None,
        typer.Option(metavar="X", help="Cut the normal prior off at so many standard deviations: less variety, better samples."),
    ] = None,
    npz: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write arrays: sample (N, C, H, W) uint8 or (N, 2) float32, and label.")
    ] = None,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a picture (default: samples.png in the run).")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write a PNG for each sample into the folder.")] = None,
    override: DataOverride = None,
    sources: Annotated[
        list[Path] | None,
        typer.Option("--from", metavar="FOLDER|FILE", help="Pictures to translate; each comes out in --out under its name."),
    ] = None,
    route: Annotated[str, typer.Option(metavar="NAME", help="The generator's route that pictures of --from take.")] = "",
    whole: Annotated[
        bool, typer.Option("--whole", help="Take pictures of --from as large as they are, if the network takes any size.")
    ] = False,
    split: Annotated[
        str | None, typer.Option(metavar="NAME", help="The part of the data that a generator which is given data gets.")
    ] = None,
    weights: Weights = None,
    step: Step = None,
    as_json: Json = False,
) -> None:
    """Draw samples from the generator of a run or a pack, or translate pictures.

    Of its moving average where that is on. The same seed gives the same samples.

    Example: ganzoo sample runs/quickstart --per-class 10 --truncation 1
    """
    from ganzoo.runs.trained import load_trained

    check_pictures(png=png, npz=npz)
    if sources:
        from .translate import translate_into

        more = {"-n": n, "--per-class": per_class, "--truncation": truncation, "--npz": npz, "--png": png, "--split": split, "-o": override}
        translate_into(run_folder, sources, out, route, seed, label, whole, weights, step, as_json, more)
        return
    if given := [name for name, value in (("--route", route), ("--whole", whole)) if value]:
        raise UserError("it says how pictures are translated", "name them with --from", key=given[0])
    trained = load_trained(run_folder, weights, Registry.installed(), choose_reporter(), step=step, overrides=of_data(override))
    count = n or 64 if per_class is None else per_class * _classes(trained, per_class, n, label)
    made = trained.sample(count, seed, trained.label_of(label), truncation, split)
    written = [made.save_npz(npz)] if npz else []
    written += made.save_each(out) if out else []
    if png or not (npz or out):
        written.append(made.save_png(png or run_folder / "samples.png"))
    print_files(written, {"n": count, "seed": seed}, as_json)


def _classes(trained: Trained, per_class: int, n: int | None, label: str | None) -> int:
    """The number of classes, where all of them can be asked for."""
    key = f"--per-class {per_class}"
    if n is not None or label is not None:
        raise UserError(f"it cannot be combined with {'-n' if n is not None else '--label'}", "leave one of them out", where=key)
    if not trained.conditional:
        raise UserError("this generator takes no label", "use -n", where=key)
    return trained.data.classes
