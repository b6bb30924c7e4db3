"""How fast training is, and what it costs.

    tools/bench                                     everything that a CPU can tell, into docs/benchmarks.md
    tools/bench --only dcgan64,mlp --rounds 3       some workloads, onto the terminal
    tools/bench --part scale                        one part: pairs, scale, processes, start, files, evaluation, threads, peers
    tools/bench --part peers --peer dcgan=FILE      another collection's script, as published (dcgan, gan, wgan_gp)
    tools/bench --device cuda                       a GPU: graphs, eager and the textbook's loop; host synchronisations
    tools/bench --quick                             everything once and as small as can be, to see that it works

Each measurement is a process of its own with one thread; the sides take turns. On a CPU the seconds are those of the
processor, which other processes disturb little. Exit code 1: a bar is missed.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from common.command import chosen, exit_code_of, without_paths
from common.page import put_into

from ganzoo.errors import UserError

from . import page
from .pairs import Measured, measure
from .peers import PEERS, measure_peers
from .runs import ROOT
from .workloads import WORKLOADS

PARTS = ("pairs", "scale", "processes", "start", "files", "evaluation", "threads", "peers")
PATHS = ("--page", "--work", "--peer")
"""Arguments that the page leaves out: they say where, not what."""


def main() -> int:
    """Run the command; returns its exit code."""
    return exit_code_of("bench", lambda: bench(parser().parse_args()))


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    made = argparse.ArgumentParser(prog="bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--only", metavar="WORKLOAD,...", help=f"some of {', '.join(WORKLOADS)}")
    made.add_argument("--recipes", metavar="NAME,...", help="for threads: some of the recipes (default: all)")
    made.add_argument("--peer", action="append", default=[], metavar="NAME=FILE", help=f"for peers: some of {', '.join(PEERS)}")
    made.add_argument("--part", metavar="PART,...", help=f"some of {', '.join(PARTS)}")
    made.add_argument("--rounds", type=int, default=5, metavar="N", help="how often each side is measured (default: 5)")
    made.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="default: cpu")
    made.add_argument("--seconds", type=float, default=5.0, metavar="S", help="of each loop on a GPU (default: 5)")
    made.add_argument("--quick", action="store_true", help="one tiny round of everything, which says nothing of speed; leaves the page")
    made.add_argument("--page", type=Path, default=ROOT / "docs" / "benchmarks.md", metavar="FILE", help="default: docs/benchmarks.md")
    made.add_argument("--work", type=Path, metavar="FOLDER", help="keeps results, so that --only may be given in turn (default: temporary)")
    return made


def bench(arguments: argparse.Namespace) -> int:
    """Measure, print, and write the page where nothing is left out.

    Raises:
        UserError: for arguments that make no sense.
        GanzooError: where a measurement fails.
    """
    names = chosen("--only", arguments.only, WORKLOADS)
    if arguments.rounds < 1:
        raise UserError(f"{arguments.rounds} rounds are asked for", "give 1 or more", key="--rounds")
    if not arguments.seconds > 0:
        raise UserError(f"{arguments.seconds} seconds are asked for", "give more than 0", key="--seconds")
    command = shlex.join(["tools/bench", *without_paths(sys.argv[1:], PATHS)])
    with tempfile.TemporaryDirectory() as temporary:
        work = (arguments.work or Path(temporary)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        if arguments.device == "cuda":
            from . import cuda

            effort = cuda.QUICK if arguments.quick else cuda.Effort(seconds=arguments.seconds)
            sections: Mapping[str, list[str]] = {"cuda": cuda.measure(effort, say)}
        else:
            parts = [part for part in chosen("--part", arguments.part, dict.fromkeys(PARTS)) if arguments.part or part != "peers"]
            sections = {part: MEASURE[part](arguments, names, work) for part in parts}
    for section, lines in sections.items():
        print("\n".join(["", *lines]))
        if arguments.quick or (section == "pairs" and any(f"`{name}`" not in "\n".join(lines) for name in WORKLOADS)):
            print(f"{arguments.page}: {section} is left as it is; it takes all workloads, and no --quick")
        else:
            put_into(arguments.page, section, "bench", "\n".join([*page.head(command, arguments.device), *lines]))
    return 1 if any("**missed**" in line for lines in sections.values() for line in lines) and not arguments.quick else 0


def pairs(arguments: argparse.Namespace, names: list[str], work: Path) -> list[str]:
    """Textbook, by hand and ganzoo."""
    rounds = 1 if arguments.quick else arguments.rounds
    for name in names:
        measure(name, list(WORKLOADS[name].bars), rounds, work, arguments.quick, say).save(work)
    found = {name: Measured.load(work, name) for name in WORKLOADS}
    return page.pairs({name: measured for name, measured in found.items() if measured})


def scale(arguments: argparse.Namespace, names: list[str], work: Path) -> list[str]:
    """Time and memory of a step against what makes it large; draws the pictures beside the page."""
    from .scale import measure_scale

    return measure_scale(arguments.page.parent / "pictures", work, arguments.quick, say)


def processes(arguments: argparse.Namespace, names: list[str], work: Path) -> list[str]:
    """What many processes tell each other in a step; draws the picture beside the page."""
    from .processes import measure_processes

    return measure_processes(arguments.page.parent / "pictures", work, arguments.quick, say)


def start(arguments: argparse.Namespace, names: list[str], work: Path) -> list[str]:
    """How long until the first step."""
    from .start import measure_start

    return measure_start(work, arguments.quick)


def files(arguments: argparse.Namespace, names: list[str], work: Path) -> list[str]:
    """Checkpoints and grids, as a share of a run."""
    from .files import measure_files

    return measure_files(work, arguments.quick, say)


def evaluation(arguments: argparse.Namespace, names: list[str], work: Path) -> list[str]:
    """Samples and metrics."""
    from .evaluation import measure_evaluation

    return measure_evaluation(work, arguments.quick, say)


def threads(arguments: argparse.Namespace, names: list[str], work: Path) -> list[str]:
    """Recipes beside a busy process."""
    from .busy import RECIPES, measure_busy

    recipes = chosen("--recipes", arguments.recipes, dict.fromkeys(RECIPES), "recipe")
    return measure_busy(
        recipes[:1] if arguments.quick else recipes,
        1 if arguments.quick else min(arguments.rounds, 3),
        0.2 if arguments.quick else 2,
        work,
        say,
    )


def peers(arguments: argparse.Namespace, names: list[str], work: Path) -> list[str]:
    """Other collections' scripts; none where none is given."""
    return measure_peers(arguments.peer, 1 if arguments.quick else arguments.rounds, work, arguments.quick, say)


MEASURE: Mapping[str, Callable[[argparse.Namespace, list[str], Path], list[str]]] = {
    "pairs": pairs,
    "scale": scale,
    "processes": processes,
    "start": start,
    "files": files,
    "evaluation": evaluation,
    "threads": threads,
    "peers": peers,
}


def say(line: str) -> None:
    """A line of progress."""
    print(line, flush=True)
