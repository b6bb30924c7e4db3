"""Looking at what is installed is cheap: it costs a fifth of ``import torch`` at most, because it imports none.

This is the one test that measures time. It compares processor time, which other processes disturb little, takes the least of
several runs of each, and runs the two alternately, so that a slow phase of the machine slows both.
"""

import json
import resource
import subprocess
import sys

import pytest

LIMIT = 0.2
RUNS = 3


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
    ratio = min(taken["list"]) / min(taken["torch"])
    assert ratio <= LIMIT, f"ganzoo list takes {ratio:.2f} of import torch: {taken}"


@pytest.mark.parametrize(
    "arguments", [["list"], ["list", "--json"], ["plugins"], ["--help"], ["run", "--help"], ["--version"], ["list", "--kind", "critics"]]
)
def test_looking_imports_no_torch(arguments):
    code = f"""
import json, sys
from ganzoo.cli import invoke
code = invoke({arguments!r})
heavy = sorted({{"torch", "torchvision", "numpy", "PIL", "jinja2", "safetensors"}} & sys.modules.keys())
print(json.dumps({{"code": code, "heavy": heavy}}), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert json.loads(done.stderr.splitlines()[-1]) == {"code": 2 if "critics" in arguments else 0, "heavy": []}


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
