"""Runs that the first version left (``tests/runs/first_version``): today's code goes on with them."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from ganzoo.cli import invoke

KEPT = Path(__file__).parent / "runs/first_version"
METRICS = {"points": "ganzoo-core/modes", "labelled": "ganzoo-core/sliced_wasserstein"}
"""Run to the metric that it measured, by the qualified name of then."""
SHAPES = {"points": (2,), "labelled": (3, 16, 16)}

pytestmark = pytest.mark.parametrize("run", METRICS)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A copy of everything to work in."""
    monkeypatch.chdir(shutil.copytree(KEPT, tmp_path / "kept"))


def call(capsys, *words):
    """Call ``ganzoo``; returns what it says on stdout."""
    code = invoke([str(word) for word in words])
    out, err = capsys.readouterr()
    assert code == 0, err
    return out


def events(run):
    return [json.loads(line) for line in Path(run, "metrics.jsonl").read_text().splitlines()]


def evaluated(run):
    return [event for event in events(run) if event["event"] == "evaluated"]


def test_it_is_of_then(run):
    assert METRICS[run] in Path(run, "config.yaml").read_text()
    assert evaluated(run)[-1]["values"]["provenance"]["metric"] == f"{METRICS[run]} 0.1.0"
    assert sum(path.stat().st_size for path in KEPT.rglob("*")) < 300_000
    assert [path for path in KEPT.rglob("*") if path.is_file() and re.search(rb"/(home|root|tmp|work)/", path.read_bytes())] == []


@pytest.mark.parametrize("source", ["recipe", "config"])
def test_it_resumes(run, source, capsys):
    """With its recipe, and with the configuration that it recorded, whose qualified names are those of then."""
    before = load_file(Path(run, "weights/critic.safetensors"))
    file = f"{run}.yaml" if source == "recipe" else shutil.copy(Path(run, "config.yaml"), "recorded.yaml")
    call(capsys, "run", file, "--out", run, "--resume", "--quiet", "-o", "train.steps=45")
    kept = len((KEPT / run / "metrics.jsonl").read_text().splitlines())
    assert events(run)[:kept] == events(KEPT / run)
    new = events(run)[kept:]
    assert [event["step"] for event in new if event["event"] == "log"] == [35, 40, 45]
    assert new[-1]["event"] == "finished"
    assert [path.name for path in Path(run, "checkpoints").iterdir()] == ["step-00000045.ckpt"]
    after = load_file(Path(run, "weights/critic.safetensors"))
    assert {name: value.shape for name, value in after.items()} == {name: value.shape for name, value in before.items()}
    assert any(not value.equal(before[name]) for name, value in after.items())


@pytest.mark.parametrize("qualified", [True, False], ids=["qualified", "by name"])
def test_measuring_it_gives_the_number_of_then(run, qualified, capsys):
    name = METRICS[run] if qualified else METRICS[run].rpartition("/")[2]
    recorded = evaluated(run)[-1]["values"]
    samples = recorded["provenance"]["samples"]
    call(capsys, "eval", run, "--metric", f"{{name: {name}, samples: {samples}}}", "--quiet")
    found = evaluated(run)[-1]["values"]
    assert {key: value for key, value in found.items() if key != "provenance"} == {
        key: pytest.approx(value, rel=0.01) for key, value in recorded.items() if key != "provenance"
    }
    assert found["provenance"].get("real_hash") == recorded["provenance"].get("real_hash")


def test_it_is_sampled(run, capsys):
    call(capsys, "sample", run, "-n", 6, "--npz", "samples.npz")
    assert np.load("samples.npz")["sample"].shape == (6, *SHAPES[run])


def test_its_report_is_made(run, capsys):
    call(capsys, "report", run)
    page = Path(run, "report.html").read_text()
    assert METRICS[run].rpartition("/")[2] in page
    assert "data:image/png;base64," in page


def test_it_is_exported_and_packed(run, capsys):
    call(capsys, "export", run, "--to", "torch", "--out", "generator.pt2")
    assert Path("generator.pt2").stat().st_size > 1000
    call(capsys, "pack", run, "--out", "pack")
    call(capsys, "sample", "pack", "-n", 2, "--npz", "packed.npz")
    assert np.load("packed.npz")["sample"].shape == (2, *SHAPES[run])


def test_one_whose_rates_fell_is_used_as_before_and_names_its_version_when_it_is_resumed(run, capsys):
    config = Path(run, "config.yaml")
    config.write_text(config.read_text().replace("decay_from: 1.0", "decay_from: 0.5"))
    call(capsys, "sample", run, "-n", 2, "--npz", "samples.npz")
    call(capsys, "eval", run, "--metric", f"{{name: {METRICS[run]}, samples: 12}}", "--quiet")
    call(capsys, "export", run, "--to", "torch", "--out", "generator.pt2")
    call(capsys, "report", run)
    shutil.copy(config, "recorded.yaml")
    for file in ("recorded.yaml", f"{run}.yaml"):
        assert invoke(["run", file, "--out", run, "--resume", "--quiet", "-o", "train.steps=45"]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert "schedule.decay_from" in said
        assert "to resume a run that was begun with it, use the ganzoo-core 0.1.0 that it names" in said


def test_it_is_compared_with_another(run, capsys):
    other = next(name for name in METRICS if name != run)
    call(capsys, "compare", run, other, "--out", "compared.html")
    assert Path("compared.html").stat().st_size > 1000
