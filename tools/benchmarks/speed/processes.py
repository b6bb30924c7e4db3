"""What several processes pay to train as one (all-reduces of gradients, the question whether one got a signal), and save in evaluation."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from figures.theory.charts import BLUE, GREY, ORANGE, Line, chart
from PIL import Image

from ganzoo.ui.pictures import save_png

from .page import table
from .runs import said_by

PROCESSES = (1, 2, 4, 8)
Measured: TypeAlias = tuple[float, float, float, int, float]
"""Seconds of a step, of all-reducing, of an agreement; steps from one to the next; seconds of an evaluation."""
CONFIGURATION = """\
data: digits
generator: mlp
critic: mlp
loss: non_saturating
train: {steps: 1000, batch_size: 64, device: cpu, threads: 1}
metrics: [{name: classifier_fid, samples: SAMPLES}]
"""
SAMPLES = 4000

STEPS = """
import json, statistics, sys, time
import torch
from ganzoo.config import parse_config, resolve
from ganzoo.engine.build import build
from ganzoo.engine.distributed.launch import joined
from ganzoo.engine.distributed.ranks import SECONDS
from ganzoo.engine.evaluation import Evaluations
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.engine.signals import Stop
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter

def clocked(work, count):
    work(), work()
    taken = []
    for _ in range(count):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)

config, count = parse_config(sys.argv[1]), int(sys.argv[2])
with joined() as ranks:
    resolved = resolve(config, Registry.installed())
    run, _ = build(config, resolved, reporter(quiet=True), ranks)
    step = clocked(Loop(run, Meter(ranks)).step, count)
    ranks.all_reduce_max(0)
    flat = [torch.zeros(sum(p.numel() for p in network.parameters())) for network in run.players.values()]
    reduce = clocked(lambda: [ranks.mean(each) for each in flat], count)
    agree = clocked(lambda: (ranks.all_reduce_max(0), ranks.all_reduce_max(0)), count)
    every = max(int(SECONDS / step), 1)
    evaluations = Evaluations(resolved.metrics, run, resolved.data, reporter(quiet=True))
    evaluate = clocked(lambda: list(evaluations.share_out(["classifier_fid"], Stop())), min(count, 5))
    if ranks.is_main:
        print(json.dumps([step, reduce, agree, every, evaluate]))
"""
"""Medians by the clock: seconds of a step, of all-reducing what a step does, of an agreement (how many steps it is for), an evaluation."""


def measure_processes(pictures: Path, work: Path, quick: bool, say: Callable[[str], None]) -> list[str]:
    """A row for each number of processes, and their picture."""
    found: dict[int, Measured] = {}
    configuration = CONFIGURATION.replace("SAMPLES", str(200 if quick else SAMPLES))
    for count in PROCESSES[:2] if quick else PROCESSES:
        launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)]
        script = work / "steps.py"
        script.write_text(STEPS, encoding="utf-8")
        environment = {"OMP_NUM_THREADS": "1"}
        found[count] = json.loads(said_by([sys.executable, *launch, str(script), configuration, "2" if quick else "60"], work, environment))
        step, reduce, agree, _, evaluate = found[count]
        times = f"a step {step * 1e3:.1f} ms, all-reduce {reduce * 1e3:.2f} ms, agreement {agree * 1e3:.2f} ms"
        say(f"processes: {count}: {times}, an evaluation {evaluate:.2f} s")
    if not quick:
        save_png(drawn(found), pictures / "processes.png")
    rows = [
        (*(f"{seconds * 1e3:,.2f}" for seconds in (step, reduce, agree)), str(every), f"{agree / every * 1e3:,.3f}", f"{evaluate:.2f}")
        for step, reduce, agree, every, evaluate in found.values()
    ]
    costs = ("Milliseconds a step", "of which all-reduce", "One agreement", "Steps from one to the next", "Agreement, a step")
    head = ("Processes", *costs, f"An evaluation of {SAMPLES:,} samples, seconds")
    return [
        *table(head, [(str(count), *row) for count, row in zip(found, rows, strict=True)]),
        "",
        "![Milliseconds against the number of processes](pictures/processes.png)",
        "",
    ]


def drawn(found: Mapping[int, Measured]) -> Image.Image:
    """Milliseconds against the number of processes, both logarithmic."""
    across = [math.log2(count) for count in found]
    reduce, agree, step = (
        [(x, math.log10(max(value, 1e-6) * 1e3)) for x, value in zip(across, values, strict=True)]
        for values in ([f[1] for f in found.values()], [f[2] / f[3] for f in found.values()], [f[0] for f in found.values()])
    )
    lines = [Line("step", step, BLUE), Line("all-reduce of gradients", reduce, ORANGE), Line("agreement, a step's share", agree, GREY)]
    return chart("milliseconds", "log2 of processes", lines, powers_of_ten=True)
