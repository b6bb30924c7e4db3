"""One picture and one number a recipe, from finished runs, into docs/gallery.md.

    tools/make_gallery                          from the runs of tools/benchmark_quality, in runs/quality
    tools/make_gallery --runs FOLDER            from FOLDER/RECIPE-SEED
    tools/make_gallery --train --mnist FOLDER --celeba FOLDER
                                                train what is missing, on one core: 2 to 25 minutes a recipe,
                                                40 for vanilla_mnist; recipes that want a GPU in a small edition

Picture and number are of the same run, the one with the seed asked for, and not the best of several.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.quality.trainings import ROOT
from common.command import exit_code_of
from common.page import put_into

from .editions import Sources
from .page import cards, write_picture
from .runs import METRICS, RECIPES, Finished, find, train

PAGE = ROOT / "docs" / "gallery.md"


def main() -> int:
    """Run the command; returns its exit code."""
    return exit_code_of("make_gallery", lambda: make(parser().parse_args()))


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    made = argparse.ArgumentParser(prog="make_gallery", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--runs", type=Path, default=Path("runs/quality"), metavar="FOLDER", help="finished runs (default: runs/quality)")
    made.add_argument("--seed", type=int, default=0, help="which run of a recipe (default: 0)")
    made.add_argument("--train", action="store_true", help="train what is missing")
    made.add_argument("--mnist", type=Path, default=Path("data/mnist"), metavar="FOLDER", help="folder of MNIST (default: data/mnist)")
    made.add_argument("--celeba", type=Path, default=Path("data/celeba"), metavar="FOLDER", help="folder of CelebA (default: data/celeba)")
    made.add_argument("--page", type=Path, default=PAGE, metavar="FILE", help="default: docs/gallery.md; pictures go beside it")
    return made


def make(arguments: argparse.Namespace) -> None:
    """Find or train the runs, then write the page and its pictures.

    Raises:
        UserError: where the page has no place for the cards.
        GanzooError: where a training fails.
    """
    found: dict[str, Finished] = {}
    recipes = sorted(path.stem for path in RECIPES.glob("*.yaml"))
    sources = Sources(arguments.mnist, arguments.celeba, arguments.runs / "data")
    for recipe in (name for name in recipes if name in METRICS):
        run = find(recipe, arguments.seed, arguments.runs)
        if run is None and arguments.train:
            print(f"{recipe}: training", file=sys.stderr, flush=True)
            train(recipe, arguments.seed, arguments.runs, sources)
            run = find(recipe, arguments.seed, arguments.runs)
        if run is not None:
            found[recipe] = run
            write_picture(run.picture, arguments.page.parent / "pictures" / "gallery" / f"{recipe}.png")
    put_into(arguments.page, "gallery", "make_gallery", cards(found, [recipe for recipe in recipes if recipe not in found]))
    print(f"{arguments.page}: {len(found)} of {len(recipes)} recipes", file=sys.stderr)
