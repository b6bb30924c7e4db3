"""The benchmarks of quality that a CPU can do: trains shipped recipes, measures them, and holds them to their bars.

    tools/benchmark_quality                                all recipes, 3 seeds each, into docs/quality.md
    tools/benchmark_quality --only ring_lsgan,grid_lsgan   some, onto the terminal
    tools/benchmark_quality --precision bf16 --out FOLDER  what bfloat16 does to the numbers, onto the terminal
    tools/benchmark_quality --mnist FOLDER                 FOLDER holds MNIST/raw; without it, it is downloaded

Each training is a process of one thread. What is finished is not trained again while its recipe and the installed
versions are the same; delete the folder of results to start anew. Exit code 1: a bar is missed.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from common.command import chosen, exit_code_of, without_paths
from common.page import put_into

from ganzoo.errors import UserError

from .benchmarks import BENCHMARKS, PARTS
from .page import median_table, missed, name_of, shown, tables
from .trainings import ROOT, Result, Training, check_mnist, finished, held, machine, perform

ENOUGH_SEEDS = 3
"""Fewer are no median worth a page."""
PATHS = ("--mnist", "--out", "--page")
"""Arguments that the page leaves out: they say where, not what."""


def main() -> int:
    """Run the command; returns its exit code."""
    return exit_code_of("benchmark_quality", lambda: benchmark(parser().parse_args()))


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    made = argparse.ArgumentParser(prog="benchmark_quality", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--only", metavar="RECIPE,...", help=f"some of {', '.join(BENCHMARKS)}")
    made.add_argument("--seeds", metavar="SEED,...", default="0,1,2", help="train.seed of each training (default: 0,1,2)")
    made.add_argument("--jobs", type=int, default=1, metavar="N", help="trainings side by side (default: 1)")
    made.add_argument("--precision", choices=("fp32", "bf16"), default="", help="of all trainings; leaves the page (default: the recipe's)")
    made.add_argument("--mnist", type=Path, default=Path("data/mnist"), metavar="FOLDER", help="folder of MNIST (default: data/mnist)")
    made.add_argument("--out", type=Path, default=Path("runs/quality"), metavar="FOLDER", help="results (default: runs/quality)")
    made.add_argument("--page", type=Path, default=ROOT / "docs" / "quality.md", metavar="FILE", help="default: docs/quality.md")
    return made


def benchmark(arguments: argparse.Namespace) -> int:
    """Train what is not finished, print the medians, and write the parts of the page of which no recipe is left out.

    Raises:
        UserError: for arguments that make no sense.
        GanzooError: where a training or a measurement fails.
    """
    recipes, seeds = chosen("--only", arguments.only, BENCHMARKS, "benchmark"), choose_seeds(arguments.seeds)
    if arguments.jobs < 1:
        raise UserError(f"{arguments.jobs} trainings side by side are asked for", "give 1 or more", key="--jobs")
    mnist, out = check_mnist(arguments.mnist), arguments.out.resolve()
    results: dict[str, dict[int, Result]] = {recipe: {} for recipe in recipes}
    trainings = [Training(recipe, seed, mnist, out, arguments.precision) for seed in seeds for recipe in recipes]
    with held(out):
        for training, result in perform_all(trainings, arguments.jobs):
            results[training.recipe][training.seed] = result
    print("\n".join(["", *median_table(results), ""]))
    whole = len(seeds) >= ENOUGH_SEEDS and not arguments.precision
    written = [part for part, of_part in PARTS.items() if of_part.keys() <= results.keys() and whole]
    for part in written:
        command = shlex.join(["tools/benchmark_quality", *without_paths(sys.argv[1:], PATHS)])
        own = {recipe: results[recipe] for recipe in PARTS[part]}
        put_into(arguments.page, part, "benchmark_quality", tables(own, command, machine()))
        print(f"{arguments.page}: {part} written")
    if not written:
        print(f"{arguments.page}: left as it is; it takes all recipes of a part as they are and {ENOUGH_SEEDS} seeds")
    for line in missed(results):
        print(f"missed: {line}")
    return 1 if missed(results) else 0


def choose_seeds(text: str) -> list[int]:
    """The seeds asked for, each once.

    Raises:
        UserError: where one is not a number from 0.
    """
    if not all(part.isdecimal() for part in text.split(",")):
        raise UserError(f"'{text}' are no seeds", "give whole numbers from 0 with commas between: 0,1,2", key="--seeds")
    return sorted({int(part) for part in text.split(",")})


def perform_all(trainings: Sequence[Training], jobs: int) -> Iterator[tuple[Training, Result]]:
    """Each training with its result, as they come, one line of progress for each.

    Raises:
        GanzooError: the first failure; what runs beside it is waited for, what has not begun is not.
    """
    waiting = []
    for training in trainings:
        done = finished(training)
        if done is None:
            waiting.append(training)
        else:
            print(f"{describe(training, done)} (finished before)", flush=True)
            yield training, done
    # Threads that wait for processes: the work is not in this interpreter.
    executor = ThreadPoolExecutor(jobs)
    try:
        futures = {executor.submit(perform, training): training for training in waiting}
        for count, future in enumerate(as_completed(futures), 1):
            result = future.result()
            print(f"[{count}/{len(waiting)}] {describe(futures[future], result)}", flush=True)
            yield futures[future], result
    finally:
        executor.shutdown(cancel_futures=True)


def describe(training: Training, result: Result) -> str:
    """A result as one line."""
    numbers = ", ".join(f"{name_of(number)} {shown(number, value)}" for number, value in result.numbers.items())
    return f"{training.recipe} seed {training.seed}: {numbers}"
