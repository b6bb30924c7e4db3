"""Observers: what a run tells them, and that a failing one never stops a run."""

import pytest
import torch
from safetensors.torch import load_file
from told import Listener, Recorder, fails_at, train_told

from ganzoo import hookimpl
from ganzoo.config import ResolvedPart
from ganzoo.engine.observers import Observers
from ganzoo.errors import UserError
from ganzoo.registry import Component


@pytest.fixture
def train(tmp_path):
    return train_told(tmp_path)


HOOKS = ("run_started", "step_logged", "samples_saved", "evaluated", "checkpoint_saved", "run_finished")


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
