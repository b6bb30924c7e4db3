"""``ganzoo run`` itself, measured from outside: the processor's seconds between two lines of its log."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ganzoo.errors import GanzooError

from .entry_point import install
from .workloads import BATCH, WORKLOADS

ROOT = Path(__file__).resolve().parents[3]
WAY_KEYS = {"fp32": "precision: fp32", "medium": "precision: fp32, matmul: medium", "bf16": "precision: bf16"}


def configuration(name: str, way: str, steps: int, folder: Path, batch: int = BATCH, device: str = "cpu", more: str = "") -> str:
    """A workload as ganzoo's YAML; it logs twice, after half of the steps and after all."""
    workload = WORKLOADS[name]
    data = f"{{name: folder, root: '{folder}', size: 64}}" if workload.data == "faces" else f"{{name: digits, size: {workload.size}}}"
    return (
        f"data: {data}\n{workload.config}\n"
        f"train: {{steps: {steps}, batch_size: {batch}, device: {device}, threads: 1, {WAY_KEYS[way]}{more}}}\n"
        f"log: {{every: {max(steps // 2, 1)}}}\nsample: {{every: 1000000}}\ncheckpoint: {{every: 1000000}}\n"
    )


def environment(work: Path) -> dict[str, str]:
    """One thread, ganzoo's cache under ``work``, this package importable and its plugin found."""
    path = os.pathsep.join([str(ROOT / "tools"), str(install(work / "plugin"))])
    return os.environ | {"OMP_NUM_THREADS": "1", "GANZOO_CACHE": str(work / "cache"), "PYTHONPATH": path}


def run_child(side: str, name: str, way: str, steps: int, work: Path, *more: str) -> dict[str, float]:
    """What ``benchmarks.speed.child`` prints.

    Raises:
        GanzooError: where it fails, with the last line that it said.
    """
    found: dict[str, float] = json.loads(
        said_by([sys.executable, "-m", "benchmarks.speed.child", side, name, way, str(steps), *more], work)
    )
    return found


def said_by(command: Sequence[str], work: Path, variables: Mapping[str, str | None] | None = None) -> str:
    """The last line that a command prints, in ``environment`` with other ``variables`` (None: without that one).

    Raises:
        GanzooError: where it fails, with the last line that it said.
    """
    around = {name: value for name, value in {**environment(work), **(variables or {})}.items() if value is not None}
    done = subprocess.run(command, capture_output=True, text=True, env=around, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise GanzooError(f"a measurement failed with exit code {done.returncode}: {last}")
    return (done.stdout.splitlines() or [""])[-1]


def run_ganzoo(name: str, way: str, steps: int, work: Path) -> dict[str, float]:
    """Images and processor seconds of the second half of ``2 * steps`` steps, and the peak memory in bytes.

    Raises:
        GanzooError: where the run fails.
    """
    out, config = work / f"run-{name}", work / f"{name}.yaml"
    shutil.rmtree(out, ignore_errors=True)
    config.write_text(configuration(name, way, 2 * steps, work / "pictures"), encoding="utf-8")
    command = [sys.executable, "-m", "ganzoo", "run", str(config), "--out", str(out), "--quiet"]
    process = subprocess.Popen(command, env=environment(work), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    marks: list[float] = []
    memory = 0.0
    while process.poll() is None:
        if logged_lines(out / "metrics.jsonl") > len(marks):
            marks.append(processor_seconds(process.pid))
            memory = peak_memory(process.pid)
        time.sleep(0.002)
    said = process.communicate()[1]
    if process.returncode or len(marks) < 2:
        raise GanzooError(f"'ganzoo run' of {name} failed: {(said.strip().splitlines() or ['it ended too early'])[-1]}")
    return {"images": steps * WORKLOADS[name].critic_updates * BATCH, "seconds": marks[1] - marks[0], "memory": memory}


def logged_lines(file: Path) -> int:
    """How many log lines a run has written."""
    try:
        return file.read_text(encoding="utf-8").count('"event": "log"')
    except OSError:
        return 0


def processor_seconds(pid: int) -> float:
    """What the threads of a process have used so far, in steps of nanoseconds."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def peak_memory(pid: int) -> float:
    """Most bytes that a process has held."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024.0 for line in lines if line.startswith("VmHWM"))
