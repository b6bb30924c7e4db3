"""A small training in an empty folder, the command in this process and in others, and what a run left behind."""

import json
from pathlib import Path

import pytest
from forked import Forked
from ring_recipe import RECIPE

from ganzoo.cli import invoke
from ganzoo.rundir import checkpoint


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder to work in, with ``ring.yaml``."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    Path("ring.yaml").write_text(RECIPE)
    return work


@pytest.fixture
def train(capsys):
    """``train("out", "train.steps=5", resume=True, code=3)``: the command in this process; returns what it said on stderr."""

    def call(out, *overrides, resume=False, code=0):
        words = [word for override in overrides for word in ("-o", override)]
        found = invoke(["run", "ring.yaml", "--quiet", "--out", str(out), *words, *["--resume"][: int(resume)]])
        err = capsys.readouterr().err
        assert found == code, err
        assert "Traceback" not in err
        return err

    return call


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """The last state of ``ring.yaml``, trained without interruption."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "ring.yaml").write_text(RECIPE)
    assert invoke(["run", str(folder / "ring.yaml"), "--quiet", "--out", str(folder / "out")]) == 0
    return Left(folder / "out").state


@pytest.fixture
def start():
    """``start("run", "ring.yaml", before=CODE)``: the command in a process of its own, after ``CODE``; killed at the test's end."""
    started = []

    def call(*arguments, before="", **environment):
        started.append(Forked(*arguments, before=before, **environment))
        return started[-1]

    yield call
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture
def left():
    """What a run left behind."""
    return Left


class Left:
    """A run directory."""

    def __init__(self, folder):
        self.folder = Path(folder)

    @property
    def events(self):
        """The whole lines of ``metrics.jsonl``."""
        path = self.folder / "metrics.jsonl"
        lines = path.read_text().split("\n") if path.exists() else [""]
        return [json.loads(line) for line in lines[:-1] if line.startswith("{") and line.endswith("}")]

    @property
    def steps(self):
        """The steps of its checkpoints, newest first."""
        return [int(path.stem.removeprefix("step-")) for path in checkpoint.existing(self.folder / "checkpoints")]

    @property
    def state(self):
        """Its newest checkpoint, which is whole."""
        return checkpoint.load(self.folder / "checkpoints", pytest.fail)[1]

    @property
    def temporary(self):
        """Files that are half written."""
        return sorted(str(path) for path in self.folder.rglob(".*") if path.name != ".lock")
