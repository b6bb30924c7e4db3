"""Everything that has to be seen on a GPU, in two commands of less than ten minutes each.

    tools/gpu_check                         the first stages, on a machine with torch and a GPU; results into $OUT
    tools/gpu_check --only I,J,K,L          the others
    tools/gpu_check --only B,C              some of them
    tools/gpu_check --rehearse              the same on a CPU with small sizes, to see that the checks themselves work
    tools/gpu_check --wheels .gpu-wheels    where there is a package index: collect what a bare machine lacks

Each stage is a process with its own time limit; one that fails does not stop the next. Exit code 1: a stage failed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from . import wheels
from .stages import LATER, STAGES, Stage, run_all

TOTAL = 560.0
"""Seconds that all stages may take together, so that the results still come back from a command that is cut off at 600."""

REHEARSAL = 5
"""How much longer a rehearsal may take: a busy CPU is not a failure."""


def main() -> int:
    """Run the command; returns its exit code."""
    started = time.monotonic()
    arguments = parser().parse_args()
    if arguments.wheels:
        return wheels.collect(arguments.wheels)
    chosen = [stage for stage in (*STAGES, *LATER) if stage.letter in arguments.only and stage.letter not in arguments.skip]
    if not chosen:
        print("gpu_check: error: no stage is left; leave --only and --skip out for all", file=sys.stderr)
        return 2
    out = arguments.out or Path(tempfile.mkdtemp(prefix="gpu_check-"))
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        target = Path(temporary) / "site"
        if not wheels.installed():
            wheels.install(arguments.from_wheels, target)
        environment = wheels.environment(target, Path(temporary))
        scale = arguments.seconds_scale * (REHEARSAL if arguments.rehearse else 1)
        left = started + arguments.total * (REHEARSAL if arguments.rehearse else 1) - time.monotonic()
        chosen = [stage.lasting(scale) for stage in chosen]
        return run_all(chosen, environment, out.resolve(), left, arguments.rehearse)


def letters(text: str) -> list[str]:
    """Stages, with commas between."""
    asked = text.upper().split(",")
    unknown = [letter for letter in asked if letter not in {stage.letter for stage in (*STAGES, *LATER)}]
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no stage '{unknown[0]}'; there are {Stage.listed((*STAGES, *LATER))}")
    return asked


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    every = [stage.letter for stage in STAGES]
    made = argparse.ArgumentParser(
        prog="gpu_check",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="stages:\n" + "\n".join(f"  {stage.letter}  {stage.seconds:4.0f} s  {stage.what}" for stage in (*STAGES, *LATER)),
    )
    out = os.environ.get("OUT")
    made.add_argument("--only", type=letters, default=every, metavar="STAGE,...", help="these stages alone (default: A to H)")
    made.add_argument("--skip", type=letters, default=[], metavar="STAGE,...", help="all but these")
    made.add_argument("--rehearse", action="store_true", help="on the CPU, with small sizes")
    made.add_argument("--out", type=Path, default=Path(out) if out else None, metavar="FOLDER", help="default: $OUT, or a temporary one")
    made.add_argument("--seconds-scale", type=float, default=1.0, metavar="X", help="multiplies every stage's time limit (default: 1)")
    made.add_argument("--total", type=float, default=TOTAL, metavar="S", help=f"seconds for all of it (default: {TOTAL:.0f})")
    made.add_argument("--wheels", type=Path, nargs="?", const=wheels.FOLDER, metavar="FOLDER", help="collect wheels there, and end")
    made.add_argument("--from-wheels", type=Path, default=wheels.FOLDER, metavar="FOLDER", help="where they lie (default: .gpu-wheels)")
    return made
