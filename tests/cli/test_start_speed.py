"""Looking at what is installed costs a fifth of ``import torch`` at most, as it imports none; a run begins within 2.5 times of it.

Measuring time compares processor time, which other processes disturb little, takes the least of
several runs of each where it must, and runs the two alternately, so that a slow phase of the machine slows both.
"""

import importlib
import json
import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
FIRST_STEP, RUN, TORCH = (getattr(importlib.import_module("benchmarks.speed.start"), name) for name in ("LIMIT", "RUN", "TORCH"))
LIMIT = 0.2
RUNS = 3
"""At most: a ratio is taken again only where it is too high, as what disturbs a measurement makes it longer, never shorter."""


def processor_seconds(*arguments):
    """User and system time of one Python process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def test_list_costs_at_most_a_fifth_of_importing_torch():
    commands = {"list": ("-m", "ganzoo", "list"), "torch": ("-c", "import torch")}
    taken = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, arguments in commands.items():
            taken[name].append(processor_seconds(*arguments))
        if (ratio := min(taken["list"]) / min(taken["torch"])) <= LIMIT:
            break
    assert ratio <= LIMIT, f"ganzoo list takes {ratio:.2f} of import torch: {taken}"


LOOKING = [["list"], ["list", "--json"], ["plugins"], ["--help"], ["run", "--help"], ["--version"], ["list", "--kind", "critics"]]


def test_looking_imports_no_torch():
    """Each in a fork of an interpreter that has imported the command line and nothing else."""
    code = f"""
import json, os, sys
from ganzoo.cli import invoke
for arguments in {LOOKING!r}:
    if not os.fork():
        code = invoke(arguments)
        heavy = sorted({{"torch", "torchvision", "numpy", "PIL", "jinja2", "safetensors"}} & sys.modules.keys())
        print(json.dumps([arguments, code, heavy]), file=sys.stderr, flush=True)
        os._exit(0)
    os.wait()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    said = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("[[")]
    assert said == [[arguments, 2 if "critics" in arguments else 0, []] for arguments in LOOKING]


def test_the_configuration_is_read_without_torch():
    """A typo in a component's name is found at once."""
    code = """
import sys
from ganzoo.config import parse_config, resolve
from ganzoo.errors import UserError
from ganzoo.registry import Registry
try:
    resolve(parse_config("{data: digits, generator: dgcan, critic: dcgan, loss: wasserstein}"), Registry.installed())
except UserError as error:
    print(error)
print("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said, loaded = done.stdout.splitlines()
    assert "did you mean 'dcgan'?" in said
    assert loaded == "False"


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
        if (ratio := min(taken["run"]) / min(taken["torch"])) <= FIRST_STEP:
            break
    assert imported == []
    assert ratio <= FIRST_STEP, f"the first step begins after {ratio:.2f} times import torch: {taken}"


def test_torchvision_is_imported_by_data_sets_and_metrics_alone():
    importing = [
        str(path.relative_to(ROOT))
        for path in sorted([*(ROOT / "ganzoo").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")])
        if any(line.strip().startswith(("import torchvision", "from torchvision")) for line in path.read_text().splitlines())
    ]
    assert all(path.startswith(("plugins/ganzoo-data/", "plugins/ganzoo-metrics/")) for path in importing), importing
