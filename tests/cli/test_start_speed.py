"""A run begins soon: its first step comes within 2.5 times ``import torch``, and torchvision is imported only where it is needed.

Measured as ``test_list_speed`` does: processor time, the least of several, by turns.
"""

import importlib
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
LIMIT, RUN, TORCH = (getattr(importlib.import_module("benchmarks.speed.start"), name) for name in ("LIMIT", "RUN", "TORCH"))
RUNS = 2


def told(code, *arguments):
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_the_first_step_begins_within_two_and_a_half_times_import_torch(tmp_path):
    taken, imported = {"torch": [], "run": []}, []
    for i in range(RUNS):
        taken["torch"].append(told(TORCH)[0])
        recipe = ROOT / "zoo_configs" / "quickstart.yaml"
        seconds, imported = told(RUN, "run", str(recipe), "--out", str(tmp_path / str(i)), "--quiet", "-o", "train.device=cpu")
        taken["run"].append(seconds)
    assert imported == []
    ratio = min(taken["run"]) / min(taken["torch"])
    assert ratio <= LIMIT, f"the first step begins after {ratio:.2f} times import torch: {taken}"


def test_torchvision_is_imported_by_data_sets_and_metrics_alone():
    importing = [
        str(path.relative_to(ROOT))
        for path in sorted([*(ROOT / "ganzoo").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")])
        if any(line.strip().startswith(("import torchvision", "from torchvision")) for line in path.read_text().splitlines())
    ]
    assert all(path.startswith(("plugins/ganzoo-data/", "plugins/ganzoo-metrics/")) for path in importing), importing
