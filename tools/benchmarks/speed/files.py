"""What checkpoints and sample grids take of a run's time, at a recipe's own intervals."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

from .page import table
from .runs import ROOT, said_by

LIMIT = 0.05
"""Of a run's time."""
RECIPES = ("ring_lsgan", "ring_hinge", "grid_wgan_gp", "digits_cgan", "quickstart")
"""Small ones, whose data is shipped: the cheaper a step, the more a file counts."""
WRITES = 4
RUN = """
import json, sys, time
from ganzoo.engine.loop import Loop
from ganzoo.engine.outputs import Outputs

taken = {}


def timed(cls, name):
    call = getattr(cls, name)
    taken[name] = []

    def measured(*given, **named):
        started = time.process_time()
        try:
            return call(*given, **named)
        finally:
            taken[name].append(time.process_time() - started)

    setattr(cls, name, measured)


timed(Loop, "step")
timed(Outputs, "save_samples")
timed(Outputs, "save_checkpoint")
from ganzoo.cli import invoke

code = invoke(sys.argv[1:])
print(json.dumps(taken))
sys.exit(code)
"""
"""``ganzoo run``, which then says the processor seconds of each step, grid and checkpoint."""


def measure_files(work: Path, quick: bool, say: Callable[[str], None]) -> list[str]:
    """One row for each recipe: some steps of it, with grids and checkpoints more often than it has them, for its own intervals."""
    from ganzoo.config import load_config

    rows, every = [], 3 if quick else 15
    for name in RECIPES[:1] if quick else RECIPES:
        path = ROOT / "zoo_configs" / f"{name}.yaml"
        config, out = load_config(path), work / f"files-{name}"
        shutil.rmtree(out, ignore_errors=True)
        settings = (f"train.steps={WRITES * every}", "train.threads=1", "train.device=cpu", "metrics=[]")
        often = (f"sample.every={every}", f"checkpoint.every={every}")
        options = [word for setting in (*settings, *often) for word in ("-o", setting)]
        command = [sys.executable, "-c", RUN, "run", str(path), "--out", str(out), "--quiet", *options]
        rows.append(row(name, json.loads(said_by(command, work)), config.sample.every, config.checkpoint.every))
        say("files: " + ", ".join(rows[-1]))
    head = (
        "Recipe",
        "Milliseconds a step",
        "a grid",
        "every",
        "a checkpoint",
        "every",
        f"Of the run's time (at most {LIMIT:.0%})",
        "Verdict",
    )
    return table(head, rows)


def row(name: str, taken: Mapping[str, Sequence[float]], grids: int, checkpoints: int) -> tuple[str, ...]:
    """The medians, the first of each left out, which imports what it needs, and what they come to at these intervals."""
    step, grid, checkpoint = (median(taken[kind][1:]) for kind in ("step", "save_samples", "save_checkpoint"))
    files = grid / grids + checkpoint / checkpoints
    share = files / (step + files)
    shown = (f"{step * 1e3:.1f}", f"{grid * 1e3:.0f}", f"{grids:,}", f"{checkpoint * 1e3:.0f}", f"{checkpoints:,}")
    return (f"`{name}`", *shown, f"**{share:.1%}**", "met" if share <= LIMIT else "**missed**")
