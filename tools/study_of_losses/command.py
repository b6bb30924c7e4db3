"""Every adversarial loss with every regulariser, on the same networks and data, each pair under the same budget.

    tools/study                          all that is missing, a whole data set before the next; hours
    tools/study --cell ring/hinge/r1     one cell: what is missing of it (--anew: all of it); ring/hinge: that loss's; ring: that data set's
    tools/study --status                 what is missing
    tools/study --page                   write the page and the pictures from the results alone
    tools/study --budget-minutes 30      end after the trial that is under way then

Results are written after each trial; Ctrl-C ends, and the same command goes on. Exit code 2: a wrong argument.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.quality.trainings import held
from common.command import exit_code_of

from ganzoo.engine.signals import stop_on_signals
from ganzoo.errors import UserError, did_you_mean
from ganzoo.ui.progress import Reporter

from .cells import CELLS, DATA, LOSSES, REGULARISERS, Cell, why_not
from .costs import measure
from .page import write_page
from .results import Costs, Results
from .running import Runner

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return exit_code_of("study", lambda: study(parser().parse_args(arguments)))


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    made = argparse.ArgumentParser(prog="study", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--cell", metavar="DATA[/LOSS[/REGULARISER]]", help="these alone")
    made.add_argument("--anew", action="store_true", help="with --cell: forget their results first")
    made.add_argument("--status", action="store_true", help="say what is missing")
    made.add_argument("--page", action="store_true", help="write the page, train nothing")
    made.add_argument("--budget-minutes", type=float, metavar="N", help="begin no trial after so many minutes")
    made.add_argument("--out", type=Path, default=ROOT / "runs" / "study", metavar="FOLDER", help="of the runs (default: runs/study)")
    made.add_argument("--docs", type=Path, default=ROOT / "docs", metavar="FOLDER", help="that holds study.md and study/ (default: docs)")
    made.add_argument("--scale", type=float, default=1.0, metavar="X", help="factor on every trial's CPU time, for a try (default: 1)")
    return made


def study(arguments: argparse.Namespace) -> int:
    """Run what is missing, and write the page.

    Raises:
        UserError: for arguments that make no sense.
        GanzooError: where a trial fails for another reason than divergence.
    """
    results, costs = Results(arguments.docs / "study" / "results.csv"), Costs(arguments.docs / "study" / "costs.json")
    cells = cells_of(arguments.cell) if arguments.cell else list(CELLS)
    if arguments.anew and not arguments.cell:
        raise UserError("all results would be forgotten", "name cells, or put the table away", key="--anew")
    for key, value in {"--scale": arguments.scale, "--budget-minutes": arguments.budget_minutes}.items():
        if value is not None and not value > 0:
            raise UserError(f"{value:g} is asked for", "give a number above 0", key=key)
    if arguments.scale != 1 and arguments.docs.resolve() == ROOT / "docs":
        raise UserError("rows of a try would stand beside the study's own", "name a folder of its own with --docs", key="--scale")
    if arguments.status:
        return say_status(results, cells)
    stopped = 0
    if not arguments.page:
        with held(arguments.out):  # a second study would write its own table over this one's
            if arguments.anew:
                results.forget(cells)
            stopped = run(arguments, results, costs, cells)
    results = Results(results.path)  # with what other processes noted
    write_page(arguments.docs, results)
    print(f"{arguments.docs / 'study.md'}: written; {sum(map(results.is_done, CELLS))} of {len(CELLS)} cells are done")
    return stopped


def run(arguments: argparse.Namespace, results: Results, costs: Costs, cells: Sequence[Cell]) -> int:
    """Run what is missing of the cells; returns 130 or 143 where a signal ended it."""
    until = time.monotonic() + 60 * arguments.budget_minutes if arguments.budget_minutes else float("inf")

    def enough() -> bool:
        return time.monotonic() > until

    with stop_on_signals() as stop:
        runner = Runner(arguments.out, results, costs, stop, Reporter(sys.stderr), enough, arguments.scale)
        for cell in cells:
            if stop.signal or enough():
                break
            if results.is_done(cell):
                continue
            if cell.name not in costs.known:
                costs.add(measure([each for each in cells if each.data == cell.data]))
            started = time.monotonic()
            done = runner.run(cell)
            middle = results.middle(cell)
            said = "stopped" if not done else "every draw diverged" if middle is None else f"{middle:.3g}"
            print(f"{cell.name}: {said} ({time.monotonic() - started:.0f} s)", flush=True)
        return 128 + stop.signal if stop.signal else 0


def cells_of(text: str) -> list[Cell]:
    """The cells of a data set, of a loss on it, or the one with a regulariser.

    Raises:
        UserError: where there is none, or it was left out, with the reason.
    """
    words = text.split("/")
    if len(words) > 3:
        raise UserError(f"'{text}' is not a cell", "write DATA/LOSS/REGULARISER, as ring/hinge/r1", key="--cell")
    for noun, word, known in zip(("data set", "loss", "regulariser"), words, (DATA, LOSSES, REGULARISERS), strict=False):
        if word not in known:
            raise UserError(f"there is no {noun} '{word}'", did_you_mean(word, known), key="--cell")
    found = [cell for cell in CELLS if cell.name.split("/")[: len(words)] == words]
    if not found:
        data, loss, regulariser = [*words, "none"][:3]
        raise UserError(f"'{text}' is left out: {loss} {why_not(loss, regulariser, data)}", "name another", key="--cell")
    return found


def say_status(results: Results, cells: Sequence[Cell]) -> int:
    """Print what is missing of each cell that is not done; returns 0."""
    for cell in cells:
        if not results.is_done(cell):
            print(f"{cell.name}: {len(results.draws(cell))} draws, {max(0, len(results.best(cell)) - 1)} more seeds")
    print(f"{sum(map(results.is_done, cells))} of {len(cells)} cells are done")
    return 0
