"""Progressive GAN against DCGAN on drawn faces of 64 pixels: the sliced Wasserstein distance over processor time.

    tools/benchmark_growth           trains both side by side, about 15 minutes of two cores; then the page and the picture
    tools/benchmark_growth --page    the page and the picture from runs that are there

What is measured besides is left out of the time. Exit code 2: a wrong argument.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from common.command import exit_code_of
from common.page import put_into

from benchmarks.quality.processes import ganzoo
from benchmarks.quality.trainings import commit, held, machine
from ganzoo.config import strict_yaml
from ganzoo.errors import UserError

from .clock import FILE
from .picture import Curve, draw

ROOT = Path(__file__).resolve().parents[3]
CONFIGS = Path(__file__).resolve().parent
NAMES = {"progan": "Progressive GAN", "dcgan": "DCGAN"}
POINTS = 20
"""Measurements of each training."""
METRIC = "{name: sliced_wasserstein, samples: 1000, directions: 128, every: %d}"
PICTURE = "quality-growth.svg"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return exit_code_of("benchmark_growth", lambda: benchmark(parser().parse_args(arguments)))


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    made = argparse.ArgumentParser(prog="benchmark_growth", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--page", action="store_true", help="write the page, train nothing")
    made.add_argument("--scale", type=float, default=1.0, metavar="X", help="factor on the steps, for a try (default: 1)")
    made.add_argument("--out", type=Path, default=ROOT / "runs" / "growth", metavar="FOLDER", help="of the runs (default: runs/growth)")
    made.add_argument("--docs", type=Path, default=ROOT / "docs", metavar="FOLDER", help="that holds quality.md (default: docs)")
    return made


def benchmark(arguments: argparse.Namespace) -> None:
    """Train what is asked for, and write the page.

    Raises:
        UserError: where there is no run to make the page of.
        GanzooError: where a training fails.
    """
    if not arguments.page:
        with held(arguments.out), ThreadPoolExecutor(len(NAMES)) as side_by_side:  # threads that wait for processes
            list(side_by_side.map(lambda name: train(name, arguments.out / name, arguments.scale), NAMES))
    curves = [read(name, arguments.out / name) for name in NAMES]
    (arguments.docs / PICTURE).write_text(draw(curves), encoding="utf-8")
    put_into(arguments.docs / "quality.md", "growth", "benchmark_growth", text_of(curves))
    print(f"{arguments.docs / 'quality.md'}: growth written")


def train(name: str, folder: Path, scale: float) -> None:
    """Train one configuration, measured at ``POINTS`` steps."""
    config = CONFIGS / f"{name}.yaml"
    steps = max(int(steps_of(config) * scale) // POINTS, 1) * POINTS
    shutil.rmtree(folder, ignore_errors=True)
    every = steps // POINTS
    changes = [f"train.steps={steps}", f"log.every={every}", f"metrics=[{METRIC % every}]", "observers=[clock]"]
    options = [part for change in changes for part in ("-o", change)]
    ganzoo("run", str(config), "--plugin", str(CONFIGS / "clock.py"), *options, "--out", str(folder), "--quiet")


def steps_of(config: Path) -> int:
    """The steps that a configuration takes."""
    values = strict_yaml.read(config).value
    return int(values["train"]["steps"]) if isinstance(values, Mapping) else 0


def read(name: str, folder: Path) -> Curve:
    """What the clock wrote of a run.

    Raises:
        UserError: where there is no such run.
    """
    try:
        rows = [json.loads(line) for line in (folder / FILE).read_text(encoding="utf-8").splitlines()]
    except OSError as error:
        raise UserError(f"{folder} holds no measured run ({error.strerror})", "run tools/benchmark_growth", key="--out") from error
    return Curve(NAMES[name], [row["cpu"] for row in rows], [row["swd"] for row in rows], [row["step"] for row in rows])


def text_of(curves: Sequence[Curve]) -> str:
    """What the page says: a table of both over the time that both took."""
    end = min(curve.seconds[-1] for curve in curves)
    marks = [end * part / 6 for part in range(1, 7)]
    rows = [f"| {curve.name} | {' | '.join(f'{curve.at(mark):.3f}' for mark in marks)} | {curve.steps[-1]:,} |" for curve in curves]
    return "\n".join(
        [
            f"- Command: `tools/benchmark_growth`; code: {commit()}",
            f"- Machine: {machine()}; one thread, seed 0 each",
            "",
            f"| Sliced Wasserstein distance after CPU seconds | {' | '.join(f'{mark:.0f}' for mark in marks)} | Steps in all |",
            f"|{' --- |' * (len(marks) + 2)}",
            *rows,
            "",
            f"![The sliced Wasserstein distance of both over processor time]({PICTURE})",
        ]
    )
