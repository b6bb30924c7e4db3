"""A run survives: signals, resuming, and divergence (tests/reliability: full disks, damaged files, two processes)."""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest
import torch
from ring_recipe import RECIPE
from safetensors.torch import load_file

from ganzoo.cli import invoke
from ganzoo.engine.loop import Loop
from ganzoo.rundir import checkpoint


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("ring.yaml").write_text(RECIPE)
    return tmp_path


def run(capsys, *arguments, code=0):
    """Run the command quietly in this process; returns what it printed to stderr."""
    found = invoke(["run", "ring.yaml", "--quiet", *map(str, arguments)])
    err = capsys.readouterr().err
    assert found == code, err
    assert "Traceback" not in err
    return err


def weights(out):
    return {f"{path.stem}.{key}": value for path in sorted(Path(out, "weights").iterdir()) for key, value in load_file(path).items()}


def assert_same_weights(a, b):
    first, second = weights(a), weights(b)
    assert first.keys() == second.keys()
    assert [key for key in first if not torch.equal(first[key], second[key])] == []


def events(out):
    return [json.loads(line) for line in Path(out, "metrics.jsonl").read_text().splitlines()]


def signal_after(monkeypatch, steps, *numbers):
    """Send this process signals within the given step, as a user or a batch system would."""
    step = Loop.step

    def stepping(self):
        step(self)
        if self.run.step == steps:
            for number in numbers:
                os.kill(os.getpid(), number)

    monkeypatch.setattr(Loop, "step", stepping)


def test_a_disk_without_room_for_three_is_found_before_the_first_step(capsys, monkeypatch, folder):
    usage = shutil.disk_usage(folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=10_000))
    err = run(capsys, "--out", "out", code=3)
    assert "0 MB free" in err
    assert "free some space" in err
    assert not Path("out/config.yaml").exists()  # the folder can be used again
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    run(capsys, "--out", "out")


# Resuming.


def test_a_finished_run_is_left_alone(capsys):
    run(capsys, "--out", "out")
    before = {path: path.read_bytes() for path in Path("out/weights").iterdir()}
    assert invoke(["run", "ring.yaml", "--out", "out", "--resume"]) == 0
    assert "out is finished already (12 steps); raise train.steps to go on" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in Path("out/weights").iterdir()} == before
    assert events("out")[-1]["event"] == "finished"


def test_the_number_of_steps_may_grow_and_nothing_else_may_change(capsys):
    run(capsys, "--out", "out", "-o", "train.steps=5")
    err = run(capsys, "--out", "out", "--resume", "-o", "generator.hidden=[9]", "-o", "train.seed=1", code=2)
    assert "begun with another configuration: generator.hidden: [8], now [9]; train.seed: 0, now 1" in err
    assert "change it back, or choose another --out" in err
    assert "may only grow" in run(capsys, "--out", "out", "--resume", "-o", "train.steps=4", code=2)
    run(capsys, "--out", "out", "--resume")
    run(capsys, "--out", "whole")
    assert_same_weights("out", "whole")


def test_resume_starts_a_run_where_there_is_none(capsys):
    run(capsys, "--out", "out", "--resume")
    assert events("out")[-1] == events("out")[-1] | {"event": "finished", "step": 12}


def test_another_thread_count_is_said_to_end_exactness(capsys):
    run(capsys, "--out", "out", "-o", "train.steps=4")
    newest = checkpoint.existing(Path("out/checkpoints"))[0]
    state = checkpoint.decode(newest.read_bytes(), "file")
    state["runtime"]["threads"] = 64
    newest.write_bytes(checkpoint.encode(state))
    assert "threads was 64, is 1" in run(capsys, "--out", "out", "--resume")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_saves_and_stops_and_the_run_goes_on_as_if_nothing_had_been(number, code, capsys, monkeypatch):
    before = signal.getsignal(number)  # a shell that started this in the background has Ctrl-C ignored
    with monkeypatch.context() as patch:
        signal_after(patch, 7, number)
        run(capsys, "--out", "out", code=code)
    assert events("out")[-1]["event"] == "stopped"
    assert "--resume" in events("out")[-1]["text"]
    assert checkpoint.existing(Path("out/checkpoints"))[0].name == "step-00000007.ckpt"
    assert signal.getsignal(number) == before
    run(capsys, "--out", "out", "--resume")
    run(capsys, "--out", "whole")
    assert_same_weights("out", "whole")
    assert Path("out/samples/step-00000012.png").read_bytes() == Path("whole/samples/step-00000012.png").read_bytes()


def test_a_run_without_any_whole_checkpoint_is_refused(capsys):
    run(capsys, "--out", "out", "-o", "train.steps=4")
    for path in checkpoint.existing(Path("out/checkpoints")):
        path.write_bytes(b"nothing")
    assert "no usable checkpoint; start again with another --out" in run(capsys, "--out", "out", "--resume", code=2).splitlines()[-1]


# Divergence.


@pytest.mark.parametrize("side", ["generator", "critic"])
def test_divergence_stops_the_run_names_the_term_and_leaves_finite_weights(side, capsys):
    wild = f"optimizer.{side}={{name: sgd, lr: 1e30}}"
    err = run(capsys, "--out", "out", "-o", wild, "-o", "checkpoint.every=1", code=3)
    assert err.count("\n") == 1
    assert "diverged at step " in err
    assert "the term 'adversarial' is nan; lower the learning rate" in err
    _, state = checkpoint.load(Path("out/checkpoints"), pytest.fail)
    tensors = [value for network in state["networks"].values() for value in network.values()]
    assert all(torch.isfinite(value).all() for value in tensors)
    assert all(torch.isfinite(value).all() for value in weights("out").values())
    assert events("out")[-1]["event"] == "failed"
    assert "diverged" in events("out")[-1]["text"]
    assert Path("out/report.html").exists()
    assert invoke(["sample", "out", "-n", "4", "--npz", "s.npz"]) == 0


def test_a_weight_that_is_not_finite_is_never_saved(capsys, monkeypatch):
    step = Loop.step

    def poisoned(self):
        step(self)
        if self.run.step == 6:
            next(self.run.critic.parameters()).data[0] = float("nan")

    monkeypatch.setattr(Loop, "step", poisoned)
    err = run(capsys, "--out", "out", "-o", "checkpoint.every=6", code=3)
    assert "diverged at step 6: a weight of the critic is not finite" in err
    assert [path.name for path in checkpoint.existing(Path("out/checkpoints"))] == ["step-00000000.ckpt"]
