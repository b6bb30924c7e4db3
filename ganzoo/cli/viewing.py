"""What looks at a trained generator: ``sample``, ``interpolate``, ``neighbours``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.errors import UserError
from ganzoo.registry import Registry
from ganzoo.runs.trained import Trained, load_trained
from ganzoo.ui.progress import reporter as choose_reporter
from ganzoo.ui.tables import print_json, print_table

SAMPLES = 64
"""How many samples there are when nobody says."""


def sample(
    folder: Path,
    n: int | None,
    seed: int,
    label: int | None,
    per_class: int | None,
    truncation: float | None,
    npz: Path | None,
    png: Path | None,
    weights: Path | None,
    as_json: bool,
) -> None:
    """Write a picture of samples, or arrays, or both."""
    trained = load_trained(folder, weights, Registry.installed(), choose_reporter())
    count = n or SAMPLES
    if per_class is not None:
        count = per_class * _classes(trained, per_class, n, label)
    made = trained.sample(count, seed, label, truncation)
    written = [made.save_npz(npz)] if npz else []
    if png or not npz:
        written.append(made.save_png(png or folder / "samples.png"))
    _print_files(written, {"n": count, "seed": seed}, as_json)


def interpolate(
    folder: Path,
    png: Path | None,
    gif: Path | None,
    steps: int,
    frames: int,
    rows: int | None,
    seed: int,
    label: int | None,
    to: int | None,
    weights: Path | None,
    as_json: bool,
) -> None:
    """Write walks as a grid, or an animation, or both."""
    from ganzoo.runs.interpolate import Walk, default_rows, walk_classes, walk_latents

    if to is not None and label is None:
        raise UserError("there is no class to begin at", "name it with --label", key="--to")
    trained = load_trained(folder, weights, Registry.installed(), choose_reporter())

    def walk(count: int) -> Walk:
        many = rows or (8 if label is not None else default_rows(trained))
        if to is not None and label is not None:
            return walk_classes(trained, many, count, seed, label, to)
        return walk_latents(trained, many, count, seed, label)

    written = [walk(frames).save_gif(gif)] if gif else []
    if png or not gif:
        written.append(walk(steps).save_png(png or folder / "interpolation.png"))
    _print_files(written, {"seed": seed}, as_json)


def neighbours(
    folder: Path,
    by: str,
    samples: int,
    n: int,
    png: Path | None,
    seed: int,
    weights: Path | None,
    inception_weights: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write the picture, and say how samples lie among the training images, beside how held-out ones do."""
    from ganzoo.runs.neighbours import look_for_copies

    reporter = choose_reporter(quiet or as_json)
    trained = load_trained(folder, weights, Registry.installed(), reporter)
    found = look_for_copies(trained, samples=samples, seed=seed, by=by, inception_weights=inception_weights, reporter=reporter)
    path = found.save_png(png or folder / "neighbours.png", n)
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


def _classes(trained: Trained, per_class: int, n: int | None, label: int | None) -> int:
    """The number of classes, where all of them can be asked for."""
    key = f"--per-class {per_class}"
    if n is not None or label is not None:
        raise UserError(f"it cannot be combined with {'-n' if n is not None else '--label'}", "leave one of them out", where=key)
    if not trained.conditional:
        raise UserError("this generator takes no label", "use -n", where=key)
    return trained.data.classes


def _print_files(written: list[Path], facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json({**facts, "files": [str(path) for path in written]})
    else:
        print("\n".join(str(path) for path in written))
