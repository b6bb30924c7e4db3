"""Observers: what a run tells them, that a failing one never stops a run, and telling them after the fact."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import torch
from ganzoo_explore.replay import replay
from safetensors.torch import load_file

from ganzoo import hookimpl
from ganzoo.cli import invoke
from ganzoo.config import ResolvedPart, load_config, resolve
from ganzoo.engine.observers import Observers
from ganzoo.engine.runner import Runner
from ganzoo.errors import GanzooError, UserError
from ganzoo.registry import Component, Registry
from ganzoo.ui.progress import Reporter

HOOKS = ("run_started", "step_logged", "samples_saved", "evaluated", "checkpoint_saved", "run_finished")
CONFIG = """\
data: {name: ring, count: 200}
generator: {name: mlp, hidden: [4]}
critic: {name: mlp, hidden: [4]}
loss: wasserstein
train: {steps: 6, batch_size: 4, threads: 1, device: cpu}
log: {every: 2}
sample: {every: 3, count: 20}
checkpoint: {every: 4}
metrics: [{name: modes, every: 3, samples: 50}]
"""


class Recorder:
    """Keeps all that it is told."""

    told: list = []

    def __init__(self, data):
        Recorder.told = []

    @hookimpl
    def run_started(self, directory, config, step):
        self.told.append(("run_started", step, directory.name, config["loss"]))

    @hookimpl
    def step_logged(self, step, values):
        self.told.append(("step_logged", step, values))

    @hookimpl
    def samples_saved(self, step, path):
        self.told.append(("samples_saved", step, path.name))

    @hookimpl
    def evaluated(self, step, metric, values):
        self.told.append(("evaluated", step, metric, values))

    @hookimpl
    def checkpoint_saved(self, step, path):
        self.told.append(("checkpoint_saved", step, path.name))

    @hookimpl
    def run_finished(self, step, outcome):
        self.told.append(("run_finished", step, outcome))


def fails_at(hook, error=ConnectionError("nobody listens")):
    """An observer that records until ``hook`` is called, where it raises."""

    def fail(self):
        raise error

    return type("Failing", (Recorder,), {hook: hookimpl(fail)})


class Listener(Reporter):
    """Keeps the warnings."""

    def __init__(self):
        self.warnings = []

    def warn(self, text):
        self.warnings.append(text)


def observed(cls):
    return [ResolvedPart(Component("observer", "tracker", cls, "tests", "0"), cls, {})]


@pytest.fixture
def train(tmp_path):
    """Trains the tiny run under an observer; returns the exit code and what the user was warned of."""
    source = tmp_path / "tiny.yaml"
    source.write_text(CONFIG)

    def call(cls, out="run", steps=6, resume=False):
        config = load_config(source, [f"train.steps={steps}"])
        listener = Listener()
        resolved = dataclasses.replace(resolve(config, Registry.installed()), observers=observed(cls) if cls else [])
        return Runner(config, resolved, source, tmp_path / out, resume, listener).train(), listener.warnings

    return call


def weights(folder):
    return {path.name: load_file(path) for path in sorted((folder / "weights").iterdir())}


def equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[file][key], b[file][key]) for file in a for key in a[file])


def test_everything_is_told_in_order(train):
    assert train(Recorder) == (0, [])
    events = [(event[0], event[1]) for event in Recorder.told]
    assert events[0] == ("run_started", 0)
    assert events[-1] == ("run_finished", 6)
    assert [step for event, step in events if event == "step_logged"] == [2, 4, 6]
    assert [step for event, step in events if event == "samples_saved"] == [0, 3, 6]
    assert [step for event, step in events if event == "evaluated"] == [3, 6]
    assert [step for event, step in events if event == "checkpoint_saved"] == [4, 6]


def test_a_resumed_run_says_where_it_goes_on(train):
    train(Recorder, steps=4)
    train(Recorder, steps=6, resume=True)
    assert Recorder.told[0][:2] == ("run_started", 4)


def test_two_observers_of_one_name_are_both_told(tmp_path):
    told = []

    def part(place):
        watching = type(
            "Watching", (), {"__init__": lambda self, data: None, "run_started": hookimpl(lambda self, step: told.append(place))}
        )
        return ResolvedPart(Component("observer", "log", watching, place, "1"), watching, {})

    Observers([part("one"), part("two")], data=None, reporter=Listener()).tell("run_started", directory=tmp_path, config={}, step=0)
    assert told == ["one", "two"]


@pytest.mark.parametrize("hook", [*HOOKS, "__init__"])
def test_an_observer_that_fails_is_named_once_and_changes_nothing(train, tmp_path, hook):
    cls = fails_at(hook)
    if hook == "__init__":
        cls = type("Failing", (Recorder,), {"__init__": lambda self, data: 1 / 0})
    code, warnings = train(cls)
    assert code == 0
    assert len(warnings) == 1
    assert "observer 'tracker' failed" in warnings[0]
    assert ("ZeroDivisionError" if hook == "__init__" else "ConnectionError: nobody listens") in warnings[0]
    assert f"ganzoo replay {tmp_path / 'run'}" in warnings[0]
    assert all(event[0] != hook for event in Recorder.told)
    train(None, out="alone")
    assert equal(weights(tmp_path / "run"), weights(tmp_path / "alone"))


def test_an_observer_that_tries_to_exit_does_not(train):
    code, warnings = train(fails_at("step_logged", SystemExit(1)))
    assert code == 0
    assert len(warnings) == 1


def test_a_misspelt_hook_is_a_warning_that_names_it(train):
    code, warnings = train(type("Misspelt", (Recorder,), {"step_loged": hookimpl(lambda self, step: None)}))
    assert code == 0
    assert "step_loged" in warnings[0]


def test_parameters_that_an_observer_refuses_stop_the_run_before_it_starts(train, tmp_path):
    def refuse(self, data):
        raise UserError("the port is taken", "choose another", key="port")

    with pytest.raises(UserError, match="the port is taken"):
        train(type("Refusing", (Recorder,), {"__init__": refuse}))
    assert not (tmp_path / "run").exists()


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
