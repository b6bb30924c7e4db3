"""What may change when a run is resumed, and what may not."""

import json

import pytest
from small_runs import CONFIGS

from ganzoo.cli import invoke
from ganzoo.engine.resuming import _as_spelled


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


def test_another_spelling_of_the_same_folder_is_the_same_data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    for other in ("./data", str(tmp_path / "data"), "link", "data/../data"):
        assert _as_spelled({"name": "folder", "root": "data"}, {"name": "folder", "root": other})["root"] == other
    assert _as_spelled({"root": "data"}, {"root": "elsewhere"})["root"] == "data"
    assert _as_spelled("ring", {"root": "x"}) == "ring"
