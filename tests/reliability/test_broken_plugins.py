"""Broken plugins side by side, as pip leaves them: ``list`` works and gives each reason, and nobody else's run changes by a bit."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ganzoo.cli import invoke

GOOD = """
import ganzoo
GANZOO_API = 1

@ganzoo.hookimpl
def ganzoo_losses():
    return {"MODULE": "MODULE_parts:Part"}
"""
PART = "class Part:\n    'A loss.'\n    def __init__(self, data): ...\n"


def entry_point(before, after):
    assert before in GOOD
    return GOOD.replace(before, after)


DOORS = {
    "import-error": ("import no_such_module_anywhere", "ModuleNotFoundError: No module named 'no_such_module_anywhere'"),
    "syntax-error": ("def broken(:", "SyntaxError: "),
    "exit": ("import sys\nsys.exit(3)", "SystemExit: 3"),
    "exception": ("raise RuntimeError('two\\nlines')", "RuntimeError: two lines"),
    "newer-api": (entry_point("= 1", "= 99"), "needs API 99"),
    "no-api": (entry_point("GANZOO_API = 1", ""), "does not set GANZOO_API"),
    "misspelt-hook": (entry_point("ganzoo_losses", "ganzoo_loses"), "'ganzoo_loses' is not a hook; did you mean 'ganzoo_losses'?"),
    "nonsense": (entry_point('{"MODULE": "MODULE_parts:Part"}', "42"), "int"),
    "failing-hook": (entry_point("return ", "return 1 / 0 #"), "ZeroDivisionError: division by zero"),
    "missing-module": (None, "ModuleNotFoundError: No module named 'ganzoo_missing_module'"),
    "recursion": ("def f(): f()\nf()", "RecursionError: "),
    "no-memory": ("raise MemoryError('all of it')", "MemoryError: all of it"),
}
"""Distribution -> what its entry point holds (None: it has none), and the reason that is given."""
PARTS = {
    "missing-class": (GOOD, "", "has no attribute 'Part'"),
    "no-class": (GOOD, "Part = 3\n", "which is not a class"),
    "positional-parameters": (GOOD, PART.replace("data)", "data, weight=1.0)"), "weight"),
    "failing-parts": (GOOD, "raise ValueError('not here')", "ValueError: not here"),
}
"""Distribution -> a good entry point, what its component's module holds, and the reason that who asks for it is given."""
CHATTER = '{"components": []}'
NUISANCES = {
    "talkative": f"for _ in range(20_000):\n    print({CHATTER!r})\n{GOOD}",
    "duplicate": entry_point('"MODULE"', '"wasserstein"'),
    "meddling": f"import random, sys\nrandom.seed(1)\nsys.setrecursionlimit(5000)\n{GOOD}",
}
"""Distribution -> an entry point that works, but not only for itself."""


def install(site, name, source, part):
    module = f"ganzoo_{name.replace('-', '_')}"
    if source is not None:
        (site / f"{module}.py").write_text(source.replace("MODULE", module))
        (site / f"{module}_parts.py").write_text(part)
    info = site / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: ganzoo-{name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[ganzoo]\n{module} = {module}\n")


@pytest.fixture
def site(folder):
    """A folder with all of them installed."""
    path = folder / "site"
    path.mkdir()
    for name, (source, _) in DOORS.items():
        install(path, name, source, PART)
    for name, (source, part, _) in PARTS.items():
        install(path, name, source, part)
    for name, source in NUISANCES.items():
        install(path, name, source, PART)
    return path


def ganzoo(site, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run([sys.executable, "-m", "ganzoo", *arguments], capture_output=True, text=True, env=environment)


@pytest.mark.promise(
    "Hostile input", "With broken plugins installed, list works and gives each one's reason; an unrelated run's tensors stay the same"
)
def test_each_is_listed_with_its_reason(site, found):
    assert len(DOORS) >= 12
    done = ganzoo(site, "list", "--json")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    listed = json.loads(done.stdout)  # whatever a plugin prints
    reasons = {each["distribution"]: each["reason"] for each in listed["broken"]}
    assert reasons.keys() == {f"ganzoo-{name}" for name in DOORS}
    for name, (_, reason) in DOORS.items():
        assert reason in reasons[f"ganzoo-{name}"]
        assert "\n" not in reasons[f"ganzoo-{name}"]
    assert {f"ganzoo-{name}" for name in (*PARTS, *NUISANCES)} <= {each["distribution"] for each in listed["components"]}
    found(f"{len(reasons)} kinds of broken entry point, each with its reason")


@pytest.mark.slow
@pytest.mark.promise(
    "Hostile input", "With broken plugins installed, list works and gives each one's reason; an unrelated run's tensors stay the same"
)
def test_an_unrelated_run_stays_the_same(site, train, left, differing, found):
    done = ganzoo(site, "run", "ring.yaml", "--quiet", "--out", "beside")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    train("alone")
    assert differing(left("alone").state, left("beside").state) == []
    found("0 tensors differ")


def test_who_asks_for_a_broken_component_is_told(site, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(site))
    for name, (_, _, reason) in PARTS.items():
        assert invoke(["run", "ring.yaml", "--out", "out", "-o", f"loss=ganzoo_{name.replace('-', '_')}"]) == 2
        said = [line for line in capsys.readouterr().err.splitlines() if line != CHATTER]
        assert len(said) == 1
        assert reason in said[0]
    assert not Path("out").exists()
    assert invoke(["run", "ring.yaml", "--out", "out", "-o", "loss=wasserstein"]) == 2
    assert "write 'ganzoo-duplicate/wasserstein' or 'ganzoo-wgan/wasserstein'" in capsys.readouterr().err
