"""Stage J: every recipe at full size, on noise in its data's form: images a second, memory, waits, and what its run takes."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from benchmarks.speed.cuda import Effort, timed

from ganzoo.config import load_config, resolve
from ganzoo.config.settings import RunConfig
from ganzoo.engine.build import build
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.engine.run import Run
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter

from .everything import ROOT, little_data, stand_ins
from .training import figure, recorded, rehearsing

FIRST = ("celeba", "cifar10", "folder", "paired", "unpaired", "stacked_mnist", "mnist")
"""Data sets whose recipes come first: they are those that people need a GPU for."""


def main() -> int:
    """Measure as many as there is time for; returns 1 where one fails."""
    rehearse = rehearsing(__doc__).rehearse
    device = torch.device("cpu" if rehearse else "cuda")
    effort = Effort(seconds=0.01, warm_up=1, between=1) if rehearse else Effort(seconds=0.6, between=5)
    ends = float(os.environ.get("GPU_CHECK_ENDS", time.time() + 600)) - 8
    stand_ins.COUNT = 8 if rehearse else 300
    code = 0
    with tempfile.TemporaryDirectory() as temporary:
        for path in recipes()[: 2 if rehearse else None]:
            if time.time() > ends:
                figure(path.stem, "left out: no time")
                continue
            notes: list[str] = []
            try:
                config = configuration(path, Path(temporary), device)
                run, _ = build(config, resolve(config, Registry.installed()), reporter(quiet=True))
                found = timed(steps(run, notes), device, effort, config.train.batch_size)
                updates = run.schedule.plan(config.train.steps // 2, config.train.steps).critic_updates
                hours = config.train.steps * config.train.batch_size * max(updates, 1) / found.rate / 3600
                said = (
                    f"{found.rate:,.0f} images/s, {found.memory / 1e6:,.0f} MB, {found.waits:.1f} waits a step; the whole run {hours:.2f} h"
                )
                figure(path.stem, said + (f"; {notes[0]}" if notes else ""))
            except Exception as error:
                figure(path.stem, f"failed: {type(error).__name__}: {' '.join(str(error).split())[:250]}")
                code = 1
    return code


def recipes() -> list[Path]:
    """Those whose data is not shipped first."""

    def place(path: Path) -> int:
        name = load_config(path).data.name
        return FIRST.index(name) if name in FIRST else len(FIRST)

    return sorted((ROOT / "zoo_configs").glob("*.yaml"), key=place)


def configuration(path: Path, work: Path, device: torch.device) -> RunConfig:
    """The recipe on noise; a run that lasts, so that no curve is at its end."""
    config = load_config(path)
    keys = [f"train.device={device}", *little_data(config, work / config.data.name, 400)]
    keys += ["train.batch_size=4"] if device.type == "cpu" else []
    return load_config(path, keys)


def steps(run: Run, notes: list[str]) -> Iterator[int]:
    """Steps of a run; each item is the images that its critic saw."""
    loop, train = Loop(run, Meter(), recorded(run, notes.append)), run.config.train
    while True:
        updates = run.schedule.plan(run.step, train.steps).critic_updates
        loop.step()
        yield train.batch_size * max(updates, 1)


if __name__ == "__main__":
    sys.exit(main())
