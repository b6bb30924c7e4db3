"""What a recipe's steps take by the clock on a quiet machine, and beside one process that is never idle."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .page import table
from .runs import ROOT, said_by

BAR = 1.6
"""Times the quiet time that a recipe may take beside one busy process."""
NO_SLOWER = 1.05
"""Times the time with torch's own waiting that it may take on a quiet machine."""
RECIPES = tuple(sorted(path.stem for path in (ROOT / "zoo_configs").glob("*.yaml")))
HELPERS = ROOT / "plugins" / "ganzoo-data" / "tests" / "helpers"
COUNT = 300
"""Samples of noise that stand in for data that is not here."""

PAIRS = 5
"""How often a quiet process takes steps with torch's own waiting and with ours, in turn."""

STEPS = """
import contextlib, json, statistics, sys, time, torch
from ganzoo.config import load_config, resolve
from ganzoo.engine.build import build
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.engine.threads import choose_threads
from ganzoo.registry import Registry
from ganzoo.runs.waiting import SECONDS, Cores, yielding_cores
from ganzoo.ui.progress import reporter

cores = Cores()
config = load_config(sys.argv[1], sys.argv[3:])
run, _ = build(config, resolve(config, Registry.installed()), reporter(quiet=True))
choose_threads(run, cores.wanted)
loop = Loop(run, Meter())


def take(seconds, steps):
    started, count = time.monotonic(), 0
    while count < steps if steps else time.monotonic() < started + seconds or count < 2:
        loop.step()
        count += 1
    return (time.monotonic() - started) / count, count


seconds, pairs, first, then = json.loads(sys.argv[2])
with yielding_cores():
    _, first = take(3 * SECONDS, first)
    taken, then = take(seconds, then)
ratios = []
for pair in range(pairs if taken < 1 else min(pairs, 1)):
    ways = {"ours": yielding_cores, "torch's": contextlib.nullcontext}
    found = {}
    for way in sorted(ways, reverse=pair % 2 == 1):
        with ways[way]():
            found[way], _ = take(seconds, 0)
    ratios.append(found["ours"] / found["torch's"])
print(json.dumps([taken, torch.get_num_threads(), statistics.median(ratios or [1.0]), first, then]))
"""
"""Takes steps in memory, for some seconds or so many before and in the measurement: seconds of one by the clock, threads, what it takes
of the time with torch's own waiting in one process, both counts."""


def measure_busy(names: list[str], rounds: int, seconds: float, work: Path, say: Callable[[str], None]) -> list[str]:
    """One row for each recipe: the quiet time, the time beside a busy process, and what torch's own waiting takes."""
    rows = []
    for name in names:
        config = ROOT / "zoo_configs" / f"{name}.yaml"
        overrides = stand_in(name, work)
        taken: dict[str, list[float]] = {"quiet": [], "busy": []}
        threads, counts, ratios = dict.fromkeys(taken, 0), [0, 0], []
        for _ in range(rounds):
            for way, found in taken.items():  # the same steps each way: those of a growing network become dearer
                pairs = PAIRS if way == "quiet" else 0
                one, threads[way], ratio, *counts = step(config, [seconds, pairs, *counts], overrides, work, busy=way == "busy")
                found.append(one)
                ratios += [ratio] * bool(pairs)
        medians = {way: statistics.median(found) for way, found in taken.items()}
        beside, against = medians["busy"] / medians["quiet"], statistics.median(ratios)
        verdict = "met" if beside <= BAR and against <= NO_SLOWER else "**missed**"
        rows.append(
            (
                f"`{name}`",
                f"{threads['quiet']}, {threads['busy']}",
                f"{medians['quiet'] * 1e3:,.1f}",
                f"**{beside:.2f}**",
                f"{against:.2f}",
                verdict,
            )
        )
        say("threads: " + ", ".join(rows[-1]))
    head = ("Recipe", "Threads, quiet and busy", "Milliseconds a step, quiet", f"beside a busy process / quiet (at most {BAR})")
    return table((*head, f"quiet / torch's own waiting (at most {NO_SLOWER})", "Verdict"), rows)


def stand_in(name: str, work: Path) -> list[str]:
    """The settings that give a recipe noise in the layout of its data, and for weights; none where its own are at hand."""
    from ganzoo.config import load_config

    sys.path.append(str(HELPERS))
    import stand_ins

    config = load_config(ROOT / "zoo_configs" / f"{name}.yaml")
    weights: list[str] = stand_ins.pretrained(config.loss, work / "vgg19.pth")
    data = config.data.name
    if data not in stand_ins.WRITE:
        return weights
    folder = work / data
    if not folder.exists():
        stand_ins.COUNT = COUNT
        stand_ins.WRITE[data](folder)
    return [f"data.root={folder}", *weights]


def step(config: Path, effort: list[float], overrides: list[str], work: Path, *, busy: bool) -> list[Any]:
    """What ``STEPS`` prints; ``effort``: seconds, pairs and both counts, 0 where there is none yet."""
    neighbour = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if busy else None
    try:
        said = said_by([sys.executable, "-c", STEPS, str(config), json.dumps(effort), *overrides], work, {"OMP_NUM_THREADS": None})
    finally:
        if neighbour:
            neighbour.kill()
            neighbour.wait()
    return list(json.loads(said))
