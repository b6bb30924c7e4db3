"""Stage H: ``ganzoo run`` of a DCGAN on pictures, stopped by SIGTERM and resumed: exit codes 143 and 0, and the rate from end to end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.speed.images import write_folder
from benchmarks.speed.workloads import WORKLOADS

from .training import figure, rehearsing

LIMIT = 0.05
"""Of a run's time: what checkpoints and grids may cost."""


def main() -> int:
    """Run it; returns 1 where an exit code or the steps are not as they should be, or files cost more than ``LIMIT``."""
    rehearse = rehearsing(__doc__).rehearse
    steps, batch, log = (12, 4, 1) if rehearse else (3000, 64, 50)
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        write_folder(WORKLOADS["dcgan64"], work / "pictures")
        config = work / "run.yaml"
        config.write_text(configuration(work / "pictures", steps, batch, log, rehearse), encoding="utf-8")
        command = [sys.executable, "-m", "ganzoo", "run", str(config), "--out", str(work / "out"), "--quiet"]
        metrics = work / "out" / "metrics.jsonl"
        first = subprocess.Popen(command)
        started = time.monotonic()
        while first.poll() is None and not any(line["step"] >= steps // 3 for line in logged(metrics)):
            time.sleep(0.01)
        first.send_signal(signal.SIGTERM)
        codes = [first.wait()]
        middle = time.monotonic()
        stopped = logged(metrics)
        codes.append(subprocess.run([*command, "--resume"], check=False).returncode)
        ended = time.monotonic()
        lines = logged(metrics)
    reached = [stopped[-1]["step"] if stopped else 0, lines[-1]["step"] if lines else 0]
    figure("exit codes", f"{codes[0]} after SIGTERM, {codes[1]} resumed; logged to steps {reached[0]} and {reached[1]}")
    figure("processes", f"{middle - started:.1f} s and {ended - middle:.1f} s, with start and end")
    costs = [told(part, batch) for part in (stopped, lines[len(stopped) :]) if len(part) > 2]
    dear = not rehearse and max(costs, default=1.0) > LIMIT
    return int(codes != [143, 0] or reached[1] != steps or reached[0] >= steps or dear)


def told(lines: list[dict[str, Any]], batch: int) -> float:
    """Tell a session's rate with its files and without; returns the share that they cost."""
    start, last = lines[0], lines[-1]  # up to the first line it warms up and records
    rate, between = (last["step"] - start["step"]) * batch / (last["seconds"] - start["seconds"]), median(rates(lines, batch))
    cost = float(1 - rate / between)
    figure(
        f"steps {start['step']} to {last['step']}",
        f"{rate:,.0f} images/s with checkpoints and grids, {between:,.0f} between two lines of the log: they cost {cost:.1%} "
        f"({'met' if cost <= LIMIT else 'missed'}: at most {LIMIT:.0%}); slowest {min(rates(lines, batch)):,.0f}",
    )
    return cost


def configuration(pictures: Path, steps: int, batch: int, log: int, rehearse: bool) -> str:
    """The run, with the default intervals of checkpoints and grids where it is not a rehearsal."""
    components = WORKLOADS["dcgan64"].config
    every = "sample: {every: 6}\ncheckpoint: {every: 6}\n" if rehearse else ""
    components = components.replace("width: 64", "width: 4") if rehearse else components
    device = "cpu" if rehearse else "cuda"
    return (
        f"data: {{name: folder, root: '{pictures}', size: 64}}\n{components}\n"
        f"train: {{steps: {steps}, batch_size: {batch}, device: {device}, ema: 0.999}}\nlog: {{every: {log}}}\n{every}"
    )


def logged(file: Path) -> list[dict[str, Any]]:
    """The log lines that a run has written so far, whole ones."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError:
        return []
    lines = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
    return [line for line in lines if line["event"] == "log"]


def rates(lines: list[dict[str, Any]], batch: int) -> list[float]:
    """Images a second between two lines of one session."""
    return [(b["step"] - a["step"]) * batch / max(b["seconds"] - a["seconds"], 1e-9) for a, b in pairwise(lines)]


if __name__ == "__main__":
    raise SystemExit(main())
