"""An empty folder with a small configuration to sweep, and trials without their process.

The helpers are found from the repository and, alone, from the sdist; there, tests that train what plugins give are left out.
"""

import importlib.util
import io
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from ganzoo_sweep import running

from ganzoo.cli import invoke

sys.path.insert(0, str(Path(__file__).with_name("helpers")))
if importlib.util.find_spec("ganzoo_vanilla") is None:
    collect_ignore = ["test_processes.py", "test_refusals.py", "test_running.py"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Every test works in an empty folder."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    from sweeps import BASE

    (tmp_path / "base.yaml").write_text(BASE)
    return tmp_path


@pytest.fixture
def in_this_process(monkeypatch):
    """Trials without their process, which costs seconds each; returns the names in the order they were run."""
    run = []

    def run_here(job, asked_to_stop=lambda: 0, idle=lambda: None):
        run.append(job.name)
        words = [word for override in job.overrides for word in ("-o", override)]
        with redirect_stdout(io.StringIO()):
            return invoke(["run", job.config, "--out", job.folder, "--resume", "--quiet", *words])

    monkeypatch.setattr(running, "run_trial", run_here)
    return run
