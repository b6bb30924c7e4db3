"""How long ``ganzoo run`` takes until its first step, against ``import torch``."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from .page import table
from .runs import ROOT, said_by

LIMIT = 2.5
"""The first step begins within so many times ``import torch``."""

RUN = """
import json, os, resource, sys
from ganzoo.engine import signals

def step(self):
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps([used.ru_utime + used.ru_stime, sorted({"torchvision", "scipy", "pytorch_fid"} & sys.modules.keys())]), flush=True)
    os._exit(0)

def stop_on_signals(stop_on_signals=signals.stop_on_signals):
    from ganzoo.engine.loop import Loop
    Loop.step = step
    return stop_on_signals()

signals.stop_on_signals = stop_on_signals
from ganzoo.cli import invoke
sys.exit(invoke(sys.argv[1:]))
"""
"""``ganzoo run`` up to its first step, in place of which it says what it has used and imported. The engine is imported as a run does."""
TORCH = """
import json, resource, torch
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([used.ru_utime + used.ru_stime, []]))
"""


def measure_start(work: Path, quick: bool) -> list[str]:
    """Least processor seconds of several starts, the two by turns, and their ratio."""
    recipe = ROOT / "zoo_configs" / "quickstart.yaml"
    seconds: dict[str, list[float]] = {"torch": [], "run": []}
    for _ in range(1 if quick else 5):
        seconds["torch"].append(seconds_of(work, TORCH))
        shutil.rmtree(work / "start", ignore_errors=True)
        run = ["run", str(recipe), "--out", str(work / "start"), "--quiet", "-o", "train.device=cpu"]
        seconds["run"].append(seconds_of(work, RUN, *run))
    least = {name: min(values) for name, values in seconds.items()}
    ratio = least["run"] / least["torch"]
    verdict = "met" if ratio <= LIMIT else "**missed**"
    rows = [(f"{least['torch']:.2f} s", f"{least['run']:.2f} s", f"**{ratio:.2f}**", f"at most {LIMIT}", verdict)]
    return table(("`import torch`", "`ganzoo run zoo_configs/quickstart.yaml` until its first step", "Ratio", "Bar", "Verdict"), rows)


def seconds_of(work: Path, code: str, *arguments: str) -> float:
    """What a process says that it has used of the processor."""
    return float(json.loads(said_by([sys.executable, "-c", code, *arguments], work))[0])
