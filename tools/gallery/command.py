"""One picture and one number a recipe, from finished runs, into docs/gallery.md.

    tools/make_gallery                          from the runs of tools/benchmark_quality, in runs/quality
    tools/make_gallery --runs FOLDER            from FOLDER/RECIPE-SEED
    tools/make_gallery --train --mnist FOLDER   train what a CPU can do and what is missing: about 3 minutes a recipe

Picture and number are of the same run, the one with the seed asked for, and not the best of several.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from quality.trainings import ROOT

from ganzoo.errors import GanzooError, UserError

from .page import END, START, cards, write_picture
from .runs import METRICS, RECIPES, Finished, find, train

PAGE = ROOT / "docs" / "gallery.md"


def main() -> int:
    """Run the command; returns its exit code."""
    try:
        make(parser().parse_args())
    except GanzooError as error:
        print(f"make_gallery: error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    made = argparse.ArgumentParser(prog="make_gallery", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--runs", type=Path, default=Path("runs/quality"), metavar="FOLDER", help="finished runs (default: runs/quality)")
    made.add_argument("--seed", type=int, default=0, help="which run of a recipe (default: 0)")
    made.add_argument("--train", action="store_true", help="train what is missing and a CPU can do")
    made.add_argument("--mnist", type=Path, default=Path("data/mnist"), metavar="FOLDER", help="folder of MNIST (default: data/mnist)")
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
    for recipe in (name for name in recipes if name in METRICS):
        run = find(recipe, arguments.seed, arguments.runs)
        if run is None and arguments.train:
            print(f"{recipe}: training", file=sys.stderr, flush=True)
            train(recipe, arguments.seed, arguments.runs, arguments.mnist.resolve())
            run = find(recipe, arguments.seed, arguments.runs)
        if run is not None:
            found[recipe] = run
            write_picture(run.picture, arguments.page.parent / "pictures" / "gallery" / f"{recipe}.png")
    put_into(arguments.page, cards(found, [recipe for recipe in recipes if recipe not in found]))
    print(f"{arguments.page}: {len(found)} of {len(recipes)} recipes", file=sys.stderr)


def put_into(page: Path, text: str) -> None:
    """Replace the cards of ``page``.

    Raises:
        UserError: where it lacks the two comments.
    """
    content = page.read_text(encoding="utf-8") if page.is_file() else ""
    before, start, rest = content.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise UserError(f"{page} has no place for the cards", f"put the lines {START.strip()} and {END.strip()} into it", key="--page")
    page.write_text(f"{before}{START}\n{text.rstrip()}\n\n{END}{after}", encoding="utf-8")
