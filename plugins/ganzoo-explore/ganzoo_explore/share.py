"""``ganzoo export`` and ``ganzoo pack``: carry a trained generator elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ganzoo.commands.options import Json, RunFolder, RunOrPack, Step, Weights
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter as choose_reporter
from ganzoo.ui.tables import print_json

GROUP = "Share"


def export(
    run_folder: RunOrPack,
    to: Annotated[
        Literal["onnx", "torch"] | None,
        typer.Option(help="The format: ONNX, or a program of torch.export (default: as --out ends, else onnx)."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The file (default: generator.onnx or generator.pt2 in the run; ROUTE.onnx of a route)."),
    ] = None,
    route: Annotated[str, typer.Option(metavar="NAME", help="The generator's route to export, in place of its forward.")] = "",
    weights: Weights = None,
    step: Step = None,
    as_json: Json = False,
) -> None:
    """Export the generator to one file that runs without ganzoo.

    What it computes is compared with the generator (ONNX: where onnxruntime is installed).

    Example: ganzoo export runs/quickstart --to onnx --out digits.onnx
    """
    from ganzoo.files import check_ending
    from ganzoo.runs.trained import load_trained

    from .export import SUFFIXES, export_generator

    if out is not None:
        check_ending(out, *([SUFFIXES[to]] if to else SUFFIXES.values()), key="--out")
    to = to or ("torch" if out is not None and out.suffix.lower() == SUFFIXES["torch"] else "onnx")
    trained = load_trained(run_folder, weights, Registry.installed(), choose_reporter(), step=step)
    done = export_generator(trained, to, out or run_folder / f"{route or 'generator'}{SUFFIXES[to]}", route)
    if as_json:
        about = {"inputs": list(done.inputs), "outputs": list(done.outputs), "difference": done.difference}
        print_json({"file": str(done.path), **about})
        return
    compared = "not compared: onnxruntime is not installed"
    if done.difference is not None:
        compared = f"at most {done.difference:.2g} from the generator"
    print(f"{done.path}: {', '.join(done.inputs)} -> {', '.join(done.outputs)}; {compared}")


def pack(
    run_folder: RunFolder,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="The folder to make (default: RUN-pack beside the run).")] = None,
    license_name: Annotated[
        str | None, typer.Option("--license", metavar="LICENCE", help="Licence of the weights, for the model card: cc-by-4.0.")
    ] = None,
    step: Step = None,
    as_json: Json = False,
) -> None:
    """Pack a generator into a folder that works elsewhere.

    Weights, configuration, model card, pinned requirements and hashes: 'ganzoo sample' runs it on another machine.

    Example: ganzoo pack runs/quickstart --out digits --license cc-by-sa-3.0
    """
    from ganzoo.runs.packs import SUMS, sha256_of
    from ganzoo.runs.trained import load_trained

    from .pack import make_pack

    trained = load_trained(run_folder, None, Registry.installed(), choose_reporter(), step=step)
    name = run_folder.resolve().name
    target = out or run_folder.resolve().parent / f"{name}-pack"
    files = make_pack(trained, target, license_name)
    fingerprint = sha256_of(target / SUMS)  # stands for the whole pack
    if as_json:
        print_json({"folder": str(target), "sha256": fingerprint, "files": files})
    else:
        print(f"{target}: {len(files) + 1} files, sha256 {fingerprint} (of SHA256SUMS)")
