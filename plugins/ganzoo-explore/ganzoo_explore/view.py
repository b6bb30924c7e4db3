"""``ganzoo interpolate``, ``neighbours`` and ``replay``: look into a trained generator and its run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganzoo.commands import offers
from ganzoo.commands.options import DataOverride, Json, Quiet, RunFolder, RunOrPack, Seed, Step, Weights, check_pictures, of_data
from ganzoo.errors import UserError
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter as choose_reporter
from ganzoo.ui.tables import print_files, print_json, print_table

GROUP = "Look at runs"


def interpolate(
    run_folder: RunOrPack,
    png: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a grid, a row a walk (default: interpolation.png in the run).")
    ] = None,
    gif: Annotated[Path | None, typer.Option(metavar="FILE", help="Write an animation, there and back.")] = None,
    steps: Annotated[int, typer.Option(metavar="N", min=2, help="Pictures in a row of the grid, both ends included.")] = 9,
    frames: Annotated[int, typer.Option(metavar="N", min=2, help="Pictures of the animation on the way there.")] = 32,
    rows: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Walks, one a row (default: one a class where there are few, else 8).")
    ] = None,
    seed: Seed = 0,
    label: Annotated[
        str | None, typer.Option(metavar="CLASS", help="One class for all walks, by its name or number from 0 (default: all in turn).")
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="CLASS", help="Walk from the class --label to this one, with the latents fixed.")
    ] = None,
    weights: Weights = None,
    step: Step = None,
    as_json: Json = False,
) -> None:
    """Walk through the latent space, or from class to class.

    Latents move along the sphere that they lie on. A walk with the next seed begins where this one ends.

    Example: ganzoo interpolate runs/quickstart --gif walk.gif --label 3 --to 5
    """
    from ganzoo.runs.trained import load_trained

    from .interpolate import Interpolation, default_rows, interpolate_classes, interpolate_latents

    check_pictures(png=png, gif=gif)
    if to is not None and label is None:
        raise UserError("there is no class to begin at", "name it with --label", key="--to")
    trained = load_trained(run_folder, weights, Registry.installed(), choose_reporter(), step=step)
    start, end = trained.label_of(label), trained.label_of(to, "--to")

    def walk(count: int) -> Interpolation:
        many = rows or (8 if start is not None else default_rows(trained))
        if start is not None and end is not None:
            return interpolate_classes(trained, many, count, seed, start, end)
        return interpolate_latents(trained, many, count, seed, start)

    written = [walk(frames).save_gif(gif)] if gif else []
    if png or not gif:
        written.append(walk(steps).save_png(png or run_folder / "interpolation.png"))
    print_files(written, {"seed": seed}, as_json)


def neighbours(
    run_folder: RunFolder,
    by: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="The distance: pixels, or features that a metric offers: digits (a classifier of them), inception."
        ),
    ] = "pixels",
    samples: Annotated[int, typer.Option(metavar="N", min=1, help="How many samples are compared with all training images.")] = 1000,
    n: Annotated[int, typer.Option("-n", metavar="N", min=1, help="How many of them are shown, the most suspicious first.")] = 10,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the picture here (default: neighbours.png in the run).")] = None,
    seed: Seed = 0,
    override: DataOverride = None,
    weights: Weights = None,
    step: Step = None,
    inception_weights: Annotated[Path | None, typer.Option(metavar="FILE", help="File of Inception's weights, for --by inception.")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show samples beside the training images nearest to them.

    So that one can tell whether the generator makes new images, or copies.

    Example: ganzoo neighbours runs/quickstart --by digits
    """
    import numpy as np

    from ganzoo.runs.trained import load_trained

    from .neighbours import look_for_copies

    check_pictures(png=png)
    reporter = choose_reporter(quiet or as_json)
    trained = load_trained(run_folder, weights, Registry.installed(), reporter, step=step, overrides=of_data(override))
    found = look_for_copies(trained, samples=samples, seed=seed, by=by, inception_weights=inception_weights, reporter=reporter)
    path = found.save_png(png or run_folder / "neighbours.png", n)
    held = f"held-out images ({found.split})" if found.split else "training images among the others"
    groups = (("samples", found.neighbours), (held, found.held_out))
    if as_json:
        numbers = {
            name: {"count": len(one.nearest), "copies": one.copies, "median_distance": float(np.median(one.nearest))}
            for name, one in zip(("samples", "held_out"), (found.neighbours, found.held_out), strict=True)
        }
        facts = {"by": by, "held_out_split": found.split, **found.provenance}
        print_json({**numbers, "memorised": found.memorised, "file": str(path), "provenance": facts})
        return
    unit = "grey levels" if by == "pixels" else f"features of {by}"
    rows = [(name, f"{len(one.nearest):,}", f"{one.copies:,}", f"{np.median(one.nearest):.4g}") for name, one in groups]
    print_table(["", "count", "copies", f"median distance to the nearest training image ({unit})"], rows)
    print("looks memorised: samples copy training images" if found.memorised else "no sign of memorisation")
    print(path)


def replay(
    run_folder: RunFolder,
    to: Annotated[
        list[str],
        typer.Option(
            "--to",
            metavar="OBSERVER",
            autocompletion=offers.of_kind("observer"),
            help="An observer, or YAML: '{name: NAME, KEY: VALUE}'.",
        ),
    ],
    quiet: Quiet = False,
) -> None:
    """Tell an observer the story of a run that it did not see.

    Example: ganzoo replay runs/quickstart --to OBSERVER (ganzoo list --kind observer shows which there are)
    """
    from ganzoo.config import resolve_alone

    from .replay import replay as tell

    registry = Registry.installed()
    parts = [resolve_alone("observer", text, registry, f"--to {text}") for text in to]
    count = tell(run_folder, parts, choose_reporter(quiet))
    print(f"{run_folder}: {count} events told to {', '.join(part.name for part in parts)}")
