"""``ganzoo replay``: what a run told its observers, told to another afterwards."""

import json
import shutil
from pathlib import Path

import pytest
from ganzoo_explore.replay import replay
from told import Listener, Recorder, fails_at, observed, train_told

from ganzoo.cli import invoke
from ganzoo.errors import GanzooError, UserError
from ganzoo.rundir.lines import EVAL, append_event


@pytest.fixture
def train(tmp_path):
    return train_told(tmp_path)


# Replaying.


def plain(told):
    """As JSON has it; checkpoints are not compared, as only the latest are kept."""
    return json.loads(json.dumps([event for event in told if event[0] != "checkpoint_saved"]))


def test_a_replay_tells_what_the_run_told(train, tmp_path):
    train(Recorder)
    live = Recorder.told
    assert replay(tmp_path / "run", observed(Recorder), Listener()) > 6
    assert plain(Recorder.told) == plain(live)
    kept = {path.name for path in (tmp_path / "run/checkpoints").iterdir()}
    assert {event[2] for event in Recorder.told if event[0] == "checkpoint_saved"} == kept


def test_a_replay_settles_the_steps_that_a_resumed_run_repeated(train, tmp_path):
    train(Recorder, steps=4)
    record = tmp_path / "run/metrics.jsonl"
    lost = {"event": "log", "step": 5, "seconds": 1.0, "critic/adversarial": 9.0}
    record.write_text(record.read_text() + json.dumps(lost) + "\n")  # logged, then killed before a checkpoint
    train(Recorder, steps=6, resume=True)
    replay(tmp_path / "run", observed(Recorder), Listener())
    assert [event[1] for event in Recorder.told if event[0] == "step_logged"] == [2, 4, 6]
    assert [event[0] for event in Recorder.told].count("run_started") == 1
    assert Recorder.told[-1] == ("run_finished", 6, "finished")


def test_a_finished_run_stays_finished_when_others_weights_were_measured_afterwards(train, tmp_path):
    train(Recorder)
    append_event(tmp_path / "run", "evaluated", step=9, metric="x of w.safetensors", values={"x": 1.0}, by=EVAL)
    replay(tmp_path / "run", observed(Recorder), Listener())
    assert Recorder.told[-1] == ("run_finished", 6, "finished")


def test_a_replay_of_a_killed_run_ends_as_stopped(train, tmp_path):
    train(Recorder)
    record = tmp_path / "run/metrics.jsonl"
    lines = record.read_text().splitlines()
    record.write_text("\n".join(lines[:-1]) + '\n{"event": "lo')
    replay(tmp_path / "run", observed(Recorder), Listener())
    assert Recorder.told[-1] == ("run_finished", 6, "stopped")


def test_numbers_that_json_has_no_form_for_come_back_as_numbers(train, tmp_path):
    train(Recorder)
    with (tmp_path / "run/metrics.jsonl").open("a") as file:
        file.write('{"event": "log", "step": 7, "critic/adversarial": "inf"}\n')
    replay(tmp_path / "run", observed(Recorder), Listener())
    assert ("step_logged", 7, {"critic/adversarial": float("inf")}) in Recorder.told


def test_a_replay_to_an_observer_that_fails_is_an_error(train, tmp_path):
    train(Recorder)
    listener = Listener()
    with pytest.raises(GanzooError, match="tracker failed"):
        replay(tmp_path / "run", observed(fails_at("step_logged")), listener)
    assert len(listener.warnings) == 1


@pytest.mark.parametrize("name", ["config.yaml", "env.json"])
def test_a_folder_that_holds_no_run_is_refused(train, tmp_path, name, capsys):
    train(None)
    broken = Path(shutil.copytree(tmp_path / "run", tmp_path / "broken"))
    (broken / name).unlink()
    with pytest.raises(UserError, match=r"not a run directory"):
        replay(broken, observed(Recorder), Listener())
    (broken / name).write_text("{}")
    with pytest.raises(UserError):
        replay(tmp_path / "nowhere", observed(Recorder), Listener())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nobody", "--to nobody: 'nobody' is not an installed observer"),
        ("[a, b]", "--to [a, b]: "),
        ("a, b", "this is not one observer"),
        ("'", "not valid YAML"),
    ],
)
def test_an_observer_that_is_not_there_is_said_in_one_line(text, words, tmp_path, capsys):
    assert invoke(["replay", str(tmp_path), "--to", text]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert len(error.splitlines()) == 1
