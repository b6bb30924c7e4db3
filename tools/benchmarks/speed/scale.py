"""What makes a step expensive: its time and memory against batch size, width, image size and number of processes."""

from __future__ import annotations

import json
import math
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from figures.theory.charts import BLUE, ORANGE, Line, chart, side_by_side
from PIL import Image

from ganzoo.ui.pictures import save_png

from .images import write_folder
from .page import table
from .runs import said_by
from .workloads import WORKLOADS

BASE = {"batch size": 32, "width": 32, "pixels a side": 32}
"""DCGAN as it is while one of the three is varied."""
AXES: Mapping[str, Sequence[int]] = {"batch size": (8, 16, 32, 64, 128), "width": (8, 16, 32, 64), "pixels a side": (16, 32, 64, 128)}
PROCESSES = (1, 2)

STEPS = """
import json, resource, sys, time
from ganzoo.config import parse_config, resolve
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.engine.build import build
from ganzoo.ui.progress import reporter
from ganzoo.registry import Registry

config = parse_config(sys.argv[1])
run, _ = build(config, resolve(config, Registry.installed()), reporter(quiet=True))
loop = Loop(run, Meter())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
taken = []
for _ in range(int(sys.argv[2]) + 1):
    started = time.process_time()
    loop.step()
    taken.append(time.process_time() - started)
print(json.dumps([min(taken[1:]), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024]))
"""
"""Takes steps in memory: least processor seconds of one, and what they added to the process's peak memory."""


def measure_scale(pictures: Path, work: Path, quick: bool, say: Callable[[str], None]) -> list[str]:
    """One table for each axis and their picture; the number of processes as a table."""
    if not (work / "pictures").exists():
        write_folder(WORKLOADS["dcgan64"], work / "pictures")
    lines: list[str] = []
    charts: list[Image.Image] = []
    for axis, values in AXES.items():
        found = {value: steps({**BASE, axis: value}, 1 if quick else 5, work) for value in (values[:2] if quick else values)}
        say(f"scale: {axis}: " + ", ".join(f"{value}: {seconds * 1e3:.0f} ms" for value, (seconds, _) in found.items()))
        rows = [
            (str(v), f"{s * 1e3:,.0f}", f"{(v if axis == 'batch size' else BASE['batch size']) / s:,.0f}", f"{m / 1e6:,.0f}")
            for v, (s, m) in found.items()
        ]
        lines += table((axis.capitalize(), "Milliseconds a step", "Images/s", "Memory of the steps, MB"), rows)
        charts.append(drawn(axis, found))
    if not quick:
        save_png(side_by_side(charts), pictures / "scale.png")
    lines += ["![Time and memory of a step, both axes logarithmic](pictures/scale.png)", ""]
    rates = [(str(n), f"{processes(n, work, quick):,.0f}") for n in PROCESSES]
    say("scale: processes: " + ", ".join(f"{n}: {rate} images/s" for n, rate in rates))
    return [*lines, *table(("Processes of one thread, batch 64 in all", "Images/s by the clock"), rates)]


def configuration(sizes: Mapping[str, int], work: Path) -> str:
    """DCGAN of these sizes."""
    networks = "".join(f"{side}: {{name: dcgan, width: {sizes['width']}}}\n" for side in ("generator", "critic"))
    return (
        f"data: {{name: folder, root: '{work / 'pictures'}', size: {sizes['pixels a side']}}}\n{networks}loss: non_saturating\n"
        f"train: {{steps: 1000, batch_size: {sizes['batch size']}, device: cpu, threads: 1}}\n"
    )


def steps(sizes: Mapping[str, int], count: int, work: Path) -> tuple[float, float]:
    """Least processor seconds of a step, and bytes that the steps added to the peak memory."""
    seconds, memory = json.loads(said_by([sys.executable, "-c", STEPS, configuration(sizes, work), str(count)], work))
    return seconds, memory


def drawn(axis: str, found: Mapping[int, tuple[float, float]]) -> Image.Image:
    """Time and memory against the varied size, powers of two across and powers of ten upwards."""
    time_line = [(math.log2(value), math.log10(seconds * 1e3)) for value, (seconds, _) in found.items()]
    memory_line = [(math.log2(value), math.log10(max(memory, 1e5) / 1e6)) for value, (_, memory) in found.items()]
    lines = [Line("milliseconds a step", time_line, BLUE), Line("memory of the steps, MB", memory_line, ORANGE)]
    return chart(f"against {axis}", f"log2 of {axis}", lines, powers_of_ten=True)


def processes(count: int, work: Path, quick: bool) -> float:
    """Images a second, by the clock, of ``count`` processes that share a batch of 64."""
    config, out, every = work / "processes.yaml", work / f"processes-{count}", 2 if quick else 8
    shutil.rmtree(out, ignore_errors=True)
    config.write_text(
        configuration({**BASE, "batch size": 64}, work).replace("steps: 1000", f"steps: {2 * every}") + f"log: {{every: {every}}}\n",
        encoding="utf-8",
    )
    start = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)] if count > 1 else []
    command = [sys.executable, *start, "-m", "ganzoo", "run", str(config), "--out", str(out), "--quiet"]
    said_by(command, work)
    rates = re.findall(r'"images_per_second": ([0-9.e+]+)', (out / "metrics.jsonl").read_text(encoding="utf-8"))
    return float(rates[-1])
