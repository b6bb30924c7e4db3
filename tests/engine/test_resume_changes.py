"""What may change when a run is resumed, and what may not."""

import json

import pytest
from small_runs import CONFIGS

from ganzoo.cli import invoke
from ganzoo.rundir import read_record
from ganzoo.rundir.checkpoint import decode
from ganzoo.rundir.resuming import _as_spelled


@pytest.fixture
def begun(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ring.yaml").write_text(CONFIGS["ring"])
    assert invoke(["run", "ring.yaml", "--out", "run", "-q"]) == 0, capsys.readouterr().err
    return tmp_path


def resume(*overrides):
    given = [word for override in ("train.steps=4", *overrides) for word in ("-o", override)]
    return invoke(["run", "ring.yaml", "--out", "run", "--resume", *given])


def test_what_does_not_touch_the_training_may_change_and_is_said(begun, capsys):
    assert resume("log.every=1", "sample.count=9", "checkpoint.keep=1", "train.threads=2", "metrics=[{name: modes, samples: 50}]") == 0
    said = capsys.readouterr().err
    assert "changed beside the training: " in said
    assert "log.every: " in said
    started = [json.loads(line) for line in (begun / "run/metrics.jsonl").read_text().splitlines() if '"started"' in line]
    assert any(each.startswith("sample.count: ") for each in started[-1]["changed"])


@pytest.mark.parametrize("override", ["train.batch_size=4", "train.seed=1", "generator.hidden=[9]", "data.count=32"])
def test_what_touches_the_training_may_not(override, begun, capsys):
    assert resume(override) == 2
    assert "was begun with another configuration" in capsys.readouterr().err


def test_a_rate_and_the_batch_size_change_where_asked_and_the_record_says_so(begun, capsys):
    changes = ["-o", "optimizer.critic.lr=0.5", "-o", "train.batch_size=4", "-o", "train.steps=4"]
    command = ["run", "ring.yaml", "--out", "run", "--resume", *changes]
    assert invoke(command) == 2
    assert "--change train.batch_size" in capsys.readouterr().err
    assert invoke([*command, "--change", "optimizer.critic.lr"]) == 2
    assert invoke([*command, "--change", "optimizer.critic.lr", "--change", "train.batch_size"]) == 0, capsys.readouterr().err
    lines = [json.loads(line) for line in (begun / "run/metrics.jsonl").read_text().splitlines()]
    assert any("from here on the result is not that of an unchanged run" in line.get("text", "") for line in lines)
    assert "train.batch_size: 8, now 4" in lines[[line["event"] for line in lines].index("warning") - 1]["changed"]
    before, after = (decode(path.read_bytes(), "") for path in sorted((begun / "run/checkpoints").iterdir()))
    assert (before["step"], before["samples"]) == (2, 2 * 8)
    assert (after["step"], after["samples"]) == (4, 2 * 8 + 2 * 4)
    moved = [(after["networks"]["critic"][name] - value).abs().max() for name, value in before["networks"]["critic"].items()]
    assert max(moved) > 0.4  # what Adam does at that rate
    assert invoke(command) == 0  # it is as it was begun, by now


def test_a_longer_run_says_where_its_curves_break(begun, capsys):
    curve = "optimizer.critic={name: adam, lr: {from: 0.1, to: 0.0}}"
    command = ["run", "ring.yaml", "--out", "curved", "-q", "-o", curve]
    assert invoke(command) == 0
    assert invoke([*command, "--resume", "-o", "train.steps=4"]) == 0
    said = "optimizer.critic.lr: at step 2 not the same of 4 steps as of 2, so the run has a break here"
    assert said in capsys.readouterr().err
    assert said in [text for _, text in read_record(begun / "curved").changes]
    assert "pieces" not in (begun / "curved/config.yaml").read_text()
    assert invoke(["sample", "curved", "-n", "2"]) == 0
    assert resume() == 0  # one without curves
    assert "break" not in capsys.readouterr().err


@pytest.mark.parametrize("key", ["train.seed", "optimizer.critic.name", "lr", "data.count"])
def test_what_makes_another_run_cannot_be_asked_for(key, begun, capsys):
    assert invoke(["run", "ring.yaml", "--out", "run", "--resume", "--change", key]) == 2
    assert f"--change: '{key}' cannot change within a run" in capsys.readouterr().err


def test_another_spelling_of_the_same_folder_is_the_same_data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    for other in ("./data", str(tmp_path / "data"), "link", "data/../data"):
        assert _as_spelled({"name": "folder", "root": "data"}, {"name": "folder", "root": other})["root"] == other
    assert _as_spelled({"root": "data"}, {"root": "elsewhere"})["root"] == "data"
    assert _as_spelled("ring", {"root": "x"}) == "ring"
