"""The commands that look at what was trained, and share it: their arguments. What they do lives in the modules they import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from . import completing
from .options import Json, Quiet, RunFolder, RunOrPack, Seed, Weights

Rows = Annotated[int | None, typer.Option(metavar="N", min=1, help="Walks, one a row (default: one a class where there are few, else 8).")]


def sample(
    run_folder: RunOrPack,
    n: Annotated[int | None, typer.Option("-n", metavar="N", min=1, help="How many samples (default: 64).")] = None,
    seed: Seed = 0,
    label: Annotated[int | None, typer.Option(metavar="CLASS", help="One class, from 0 (default: all in turn).")] = None,
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
    weights: Weights = None,
    as_json: Json = False,
) -> None:
    """Draw samples from the generator of a run or a pack.

    Of its moving average where that is on. The same seed gives the same samples.

    Example: ganzoo sample runs/quickstart --per-class 10 --truncation 1
    """
    from . import viewing

    viewing.sample(run_folder, n, seed, label, per_class, truncation, npz, png, weights, as_json)


def interpolate(
    run_folder: RunOrPack,
    png: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a grid, a row a walk (default: interpolation.png in the run).")
    ] = None,
    gif: Annotated[Path | None, typer.Option(metavar="FILE", help="Write an animation, there and back.")] = None,
    steps: Annotated[int, typer.Option(metavar="N", min=2, help="Pictures in a row of the grid, both ends included.")] = 9,
    frames: Annotated[int, typer.Option(metavar="N", min=2, help="Pictures of the animation on the way there.")] = 32,
    rows: Rows = None,
    seed: Seed = 0,
    label: Annotated[int | None, typer.Option(metavar="CLASS", help="One class for all walks, from 0 (default: all in turn).")] = None,
    to: Annotated[
        int | None, typer.Option(metavar="CLASS", help="Walk from the class --label to this one, with the latents at rest.")
    ] = None,
    weights: Weights = None,
    as_json: Json = False,
) -> None:
    """Walk through the latent space, or from class to class.

    Latents move along the sphere that they lie on. A walk with the next seed begins where this one ends.

    Example: ganzoo interpolate runs/quickstart --gif walk.gif --label 3 --to 5
    """
    from . import viewing

    viewing.interpolate(run_folder, png, gif, steps, frames, rows, seed, label, to, weights, as_json)


def compare(
    run_folders: Annotated[list[Path], typer.Argument(metavar="RUN", help="Two or more folders that 'ganzoo run' made.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The page to write.")] = Path("compare.html"),
    n: Annotated[int, typer.Option("-n", metavar="N", min=1, help="How many samples of each.")] = 64,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Set runs side by side, on one page.

    Samples from the same latents, curves, numbers with what they depend on, and what differs in the configurations.
    Numbers are ranked only where all that they depend on is the same; otherwise it says what is not.

    Example: ganzoo compare runs/original runs/wider --out compare.html
    """
    from . import comparing

    comparing.compare(run_folders, out, n, seed, as_json)


def neighbours(
    run_folder: RunFolder,
    by: Annotated[
        Literal["pixels", "judge", "inception"],
        typer.Option(help="The distance: grey levels, or features of the judge of digits or Inception."),
    ] = "pixels",
    samples: Annotated[int, typer.Option(metavar="N", min=1, help="How many samples are compared with all training images.")] = 1000,
    n: Annotated[int, typer.Option("-n", metavar="N", min=1, help="How many of them are shown, the most suspicious first.")] = 10,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the picture here (default: neighbours.png in the run).")] = None,
    seed: Seed = 0,
    weights: Weights = None,
    inception_weights: Annotated[Path | None, typer.Option(metavar="FILE", help="File of Inception's weights, for --by inception.")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show samples beside the training images nearest to them.

    So that one can tell whether the generator makes new images, or copies.

    Example: ganzoo neighbours runs/quickstart --by judge
    """
    from . import viewing

    viewing.neighbours(run_folder, by, samples, n, png, seed, weights, inception_weights, as_json, quiet)


def eval_(
    run_folder: RunFolder,
    metric: Annotated[
        list[str],
        typer.Option(
            "--metric",
            "-m",
            metavar="METRIC",
            autocompletion=completing.of_kind("metric"),
            help="A metric, or YAML: '{name: fid, samples: 5000}'; may be given several times.",
        ),
    ],
    override: Annotated[
        list[str] | None,
        typer.Option("-o", "--override", metavar="KEY=VALUE", help="Set a parameter of the metrics that have it: -o samples=5000."),
    ] = None,
    weights: Weights = None,
    inception_weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File of Inception's weights, for the metrics that see with it.")
    ] = None,
    seed: Seed = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure the generator of a run.

    Every number comes with what it depends on, and is noted in the run's metrics.jsonl.

    Example: ganzoo eval runs/quickstart --metric classifier_fid
    """
    from . import evaluating

    evaluating.evaluate_run(run_folder, metric, override or [], weights, inception_weights, seed, as_json, quiet)


def report(run_folder: RunFolder) -> None:
    """Make the report.html of a run again.

    Example: ganzoo report runs/quickstart
    """
    from ganzoo.registry import Registry
    from ganzoo.runs.pages import page_writer

    print(page_writer(Registry.installed()).write_report(run_folder))


def export(
    run_folder: RunOrPack,
    to: Annotated[Literal["onnx", "torch"], typer.Option(help="The format: ONNX, or a program of torch.export.")] = "onnx",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file (default: generator.onnx or generator.pt2 in the run).")
    ] = None,
    weights: Weights = None,
    as_json: Json = False,
) -> None:
    """Export the generator to one file that runs without ganzoo.

    What it computes is compared with the generator (ONNX: where onnxruntime is installed).

    Example: ganzoo export runs/quickstart --to onnx --out digits.onnx
    """
    from . import sharing

    sharing.export(run_folder, to, out, weights, as_json)


def pack(
    run_folder: RunFolder,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="The folder to make (default: RUN-pack beside the run).")] = None,
    license_name: Annotated[
        str | None, typer.Option("--license", metavar="LICENCE", help="Licence of the weights, for the model card: cc-by-4.0.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Pack a generator into a folder that works elsewhere.

    Weights, configuration, model card, pinned requirements and hashes: 'ganzoo sample' runs it on another machine.

    Example: ganzoo pack runs/quickstart --out digits --license cc-by-sa-3.0
    """
    from . import sharing

    sharing.pack(run_folder, out, license_name, as_json)


def replay(
    run_folder: RunFolder,
    to: Annotated[
        list[str],
        typer.Option(
            "--to",
            metavar="OBSERVER",
            autocompletion=completing.of_kind("observer"),
            help="An observer, or YAML: '{name: NAME, KEY: VALUE}'.",
        ),
    ],
    quiet: Quiet = False,
) -> None:
    """Tell an observer the story of a run that it did not see.

    Example: ganzoo replay runs/quickstart --to OBSERVER (ganzoo list --kind observer shows which there are)
    """
    from . import replaying

    replaying.replay_run(run_folder, to, quiet)


COMMANDS = (sample, interpolate, neighbours, eval_, report, compare, replay, export, pack)
"""Each is called as its function, without the underscore that keeps ``eval`` apart from Python's own."""
