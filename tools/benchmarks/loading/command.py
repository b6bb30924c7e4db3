"""How fast data comes: builds the cache, reads batches from it, and measures both against PIL, torchvision and DataLoader.

    tools/bench_data                       onto the terminal, a minute or two
    tools/bench_data --full                the build of 202,599 images too: two minutes more and 3 GB of disk
    tools/bench_data --full --page         into docs/benchmarks-data.md
    tools/bench_data --past-memory         an epoch of 8 GiB of pixels instead: does memory stay as it is? 10 GB of disk

Pictures are made here: nothing is downloaded. Both sides take turns, and a ratio is the median over the rounds. Where other
programs use the cores, the clock says little: then CPU time is what counts. Exit code 1: a bar is missed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from common.command import exit_code_of
from ganzoo_data.decoding import process_count

from . import large, measures
from .measures import Cost
from .page import write_page
from .pictures import make_faces, make_folder

FACES, DISTINCT, CELEBA = 2000, 2000, 202_599


@dataclass(frozen=True)
class Result:
    """One row of the table.

    Args:
        what: what was done.
        ours, theirs: what both sides say, in words.
        found: the number that counts.
        bar: what it must reach, in words.
        met: whether it does.
    """

    what: str
    ours: str
    theirs: str
    found: str
    bar: str
    met: bool


def main() -> int:
    """Run the command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="bench_data", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="also build the cache of 202,599 images")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="how often both sides take their turn (default: 5)")
    parser.add_argument("--work", type=Path, metavar="FOLDER", help="where pictures and caches go (default: a temporary folder)")
    parser.add_argument("--past-memory", action="store_true", help="only decode and read 8 GiB, and look at the memory that takes")
    parser.add_argument("--page", action="store_true", help="write docs/benchmarks-data.md")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    return exit_code_of("bench_data", lambda: bench(arguments))


def bench(arguments: argparse.Namespace) -> int:
    """Measure, and write the page where that is asked for; exit code 1 where a bar is missed."""
    with tempfile.TemporaryDirectory(dir=arguments.work) as work:
        if arguments.past_memory:
            return 0 if past_memory(Path(work), CELEBA) else 1
        results = measure(Path(work), arguments.rounds, arguments.full)
    if arguments.page:
        write_page(results, ["--full"] * arguments.full + ["--rounds", str(arguments.rounds), "--page"])
    return 0 if all(result.met for result in results) else 1


def measure(work: Path, rounds: int, full: bool) -> list[Result]:
    """All rows, each shown as soon as it is there."""
    os.environ["GANZOO_CACHE"] = str(work / "cache")
    faces = make_faces(work / "faces", FACES, DISTINCT)
    photos = make_folder(work / "photos", 60, 1024, "jpg")
    pngs = make_folder(work / "pngs", 1000, 64, "png")
    results: list[Result] = []
    cores = process_count()

    def show(result: Result) -> None:
        results.append(result)
        verdict = "met" if result.met else "MISSED"
        print(f"{result.what}: {result.found} ({result.bar}: {verdict})\n    ours {result.ours}\n    theirs {result.theirs}", flush=True)

    show(compared("faces of 178 x 218 into the cache at 64 x 64", measures.decode_faces(faces, 1000, work / "a"), rounds, 1.8, cores))
    show(compared("photographs of 1024 x 1024 into the cache at 64 x 64", measures.decode_photos(photos, work / "b"), rounds, 1.8, cores))
    show(compared("batches of 64 with flips, 64 x 64", measures.read_batches(pngs, work / "c", 200), rounds, 8.0))
    show(share_of_a_step(measures.train_step(faces), rounds))
    if full:
        show(whole_build(make_faces(work / "celeba", CELEBA, DISTINCT), work / "d"))
    return results


def past_memory(work: Path, count: int, size: int = large.SIZE) -> bool:
    """Whether memory stays as it is while ``count`` faces are read; prints what was found."""
    faces = make_faces(work / "faces", count, min(count, DISTINCT))
    built, early, end, gigabytes = large.read_an_epoch(faces, work / "cache", size)
    met = end - early <= large.MOST_GROWTH
    print(
        f"an epoch of {gigabytes:.1f} GiB, {count:,} faces of {size} x {size}: peak memory {built:,.0f} MB when the cache was built, "
        f"{early:,.0f} MB after a fiftieth, {end:,.0f} MB at its end (at most {large.MOST_GROWTH} MB more: {'met' if met else 'MISSED'})"
    )
    return met


def compared(what: str, sides: tuple[Callable[[], Cost], Callable[[], Cost]], rounds: int, bar: float, cores: int = 1) -> Result:
    """Both sides in turns; the ratio of their rates, by the clock or, where others want the cores too, by CPU time.

    Args:
        what: what is done.
        sides: ours and theirs.
        rounds: how often.
        bar: what the ratio must reach.
        cores: how many ours works on at a time; theirs is one process.
    """
    pairs = [(sides[0](), sides[1]()) for _ in range(rounds)]
    wall = statistics.median(theirs.wall / ours.wall for ours, theirs in pairs)
    cpu = cores * statistics.median(theirs.cpu / ours.cpu for ours, theirs in pairs)
    busy = os.getloadavg()[0] > 1.5 * len(os.sched_getaffinity(0))
    found = f"{wall:.2f} times the rate by the clock, {cpu:.2f} times by CPU time"
    judged = f"at least {bar} by {'CPU time: the cores were wanted by others' if busy else 'the clock'}"
    return Result(
        what, rate([ours for ours, _ in pairs]), rate([theirs for _, theirs in pairs]), found, judged, (cpu if busy else wall) >= bar
    )


def rate(costs: list[Cost]) -> str:
    """Images a second, and CPU time for each."""
    wall, cpu = (statistics.median(getattr(cost, name) for cost in costs) for name in ("wall", "cpu"))
    return f"{1 / wall:,.0f} images/s, {1000 * cpu:.3f} CPU ms an image"


def share_of_a_step(sides: tuple[Callable[[], Cost], Callable[[], Cost]], rounds: int) -> Result:
    """What of a training step is data, in CPU time: the background thread's is counted, though it costs the step nothing."""
    sides[1]()  # the first step is slower
    pairs = [(sides[0](), sides[1]()) for _ in range(rounds)]
    share = statistics.median(data.cpu / step.cpu for data, step in pairs)
    data, step = (statistics.median(pair[i].cpu for pair in pairs) * measures.BATCH * 1000 for i in (0, 1))
    what = "the next batch of a DCGAN step at 64 x 64, batch 64, from the cache"
    return Result(what, f"{data:.2f} CPU ms a batch", f"{step:.0f} CPU ms a step", f"{share:.2%} of the step", "under 1%", share < 0.01)


def whole_build(faces: Path, cache: Path) -> Result:
    """CelebA's number of images, once: seconds on the clock and of CPU."""
    cost = measures.decode_faces(faces, 1, cache)[0]()
    wall, cpu = cost.wall * CELEBA, cost.cpu * CELEBA
    cores = len(os.sched_getaffinity(0))
    found = f"{wall:.0f} s on the clock, {cpu:.0f} CPU seconds ({cpu / cores:.0f} s on {cores} idle cores)"
    return Result(f"the cache of {CELEBA:,} faces at 64 x 64", rate([cost]), "", found, "at most 90 s", min(wall, cpu / cores) <= 90)
