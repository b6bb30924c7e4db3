"""SIGTERM and Ctrl-C, whatever the run is at: it saves, says so by its exit code, and goes on later as if nothing had been."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from ganzoo_metrics.mode_coverage import Modes
from PIL import Image

from ganzoo.engine import build
from ganzoo.engine.outputs import Outputs
from ganzoo.rundir import checkpoint

SIGNALS = [pytest.param(signal.SIGTERM, 143, id="SIGTERM"), pytest.param(signal.SIGINT, 130, id="Ctrl-C")]
STOPS = "A signal saves and stops with 143 or 130, and the resumed run ends with the same tensors: during a step, a save, an evaluation"


@pytest.fixture(autouse=True)
def _listening():
    """Python's own Ctrl-C, which a shell takes from what it starts in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def signalling(owner, name, number, monkeypatch, at=1):
    """The ``at``-th call of ``owner.name`` sends this process a signal when it is about to begin."""
    original, calls = getattr(owner, name), []

    def call(*args, **kwargs):
        calls.append(name)
        if len(calls) == at:
            os.kill(os.getpid(), number)
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, call)


@pytest.mark.parametrize(("number", "code"), SIGNALS)
@pytest.mark.parametrize("function", ["encode", "write_atomically"])
@pytest.mark.promise("Kill it", STOPS)
def test_a_signal_during_a_save(function, number, code, train, left, monkeypatch, whole, differing, found):
    with monkeypatch.context() as patch:
        signalling(checkpoint, function, number, patch, at=3)  # the trial of the preflight is the first one or two
        train("out", code=code)
    assert left("out").events[-1]["event"] == "stopped"
    assert left("out").steps[0] < 12
    train("out", resume=True)
    assert differing(whole, left("out").state) == []
    found("during a save")


@pytest.mark.parametrize(("number", "code"), SIGNALS)
@pytest.mark.promise("Kill it", STOPS)
def test_a_signal_during_an_evaluation_ends_it_at_once(number, code, train, left, monkeypatch, differing, found):
    metrics = "metrics=[{name: modes, every: 5, samples: 50}]"

    def endless(self, subject):
        os.kill(os.getpid(), number)
        time.sleep(60)

    with monkeypatch.context() as patch:
        patch.setattr(Modes, "measure", endless)
        started = time.monotonic()
        assert "was not measured" in train("out", metrics, code=code)
        assert time.monotonic() - started < 30
    assert left("out").steps[0] == 5
    assert [line for line in left("out").events if line["event"] == "evaluated"] == []
    train("out", metrics, resume=True)
    train("whole", metrics)
    assert differing(left("whole").state, left("out").state) == []
    found("during an evaluation")


def test_a_signal_during_the_last_evaluation_leaves_a_run_that_resuming_measures_and_finishes(train, left, monkeypatch):
    def endless(self, subject):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)

    metrics = "metrics=[{name: modes, samples: 50}]"
    with monkeypatch.context() as patch:
        patch.setattr(Modes, "measure", endless)
        assert "metric 'modes' was not measured at step 12" in train("out", metrics, code=143)
    assert left("out").events[-1]["event"] == "stopped"
    assert left("out").steps[0] == 12
    train("out", metrics, resume=True)
    assert [line["step"] for line in left("out").events if line["event"] == "evaluated"] == [12]
    assert left("out").events[-1]["event"] == "finished"


@pytest.mark.parametrize(("number", "code"), SIGNALS)
@pytest.mark.promise("Kill it", "A signal before the first step leaves nothing behind: while the data is read, in the trial save")
@pytest.mark.parametrize("moment", ["data", "trial"])
def test_a_signal_before_the_first_step_leaves_nothing(moment, number, code, train, monkeypatch, found):
    owner, name = {"data": (build, "describe_data"), "trial": (Outputs, "save_checkpoint")}[moment]
    with monkeypatch.context() as patch:
        signalling(owner, name, number, patch)
        if number == signal.SIGTERM:
            with pytest.raises(SystemExit) as left:
                train("deep/out")
            assert left.value.code == code
        else:
            train("deep/out", code=code)
    assert not Path("deep").exists()
    train("deep/out")
    found(f"{moment}: 0 files left")


@pytest.mark.promise("Kill it", "A signal while images are decoded keeps what is decoded; the next run goes on from there")
def test_a_signal_while_images_are_decoded(train, monkeypatch, found):
    from ganzoo_data import folder

    Path("pictures").mkdir()
    for i in range(24):
        Image.fromarray(np.full((16, 16, 3), i, np.uint8)).save(f"pictures/{i:02}.png")
    Path("ring.yaml").write_text(
        "data: {name: folder, root: pictures, size: 16}\ngenerator: {name: dcgan, width: 2}\ncritic: {name: dcgan, width: 2}\n"
        "loss: non_saturating\ntrain: {steps: 1, batch_size: 8, device: cpu, threads: 1}\n"
    )
    with monkeypatch.context() as patch:
        signalling(folder, "decode", signal.SIGTERM, patch, at=12)
        with pytest.raises(SystemExit) as left:
            train("out")
        assert left.value.code == 143
    assert not Path("out").exists()
    train("out")
    found("the rest decoded, and trained")


def test_the_second_ctrl_c_ends_even_a_computation_that_python_cannot_interrupt():
    code = """
import os, signal
from ganzoo.engine.signals import stop_on_signals
with stop_on_signals() as stop:
    os.kill(os.getpid(), signal.SIGINT)
    print("asked", stop.signal, flush=True)
    sum(range(10**12))
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "asked 2\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == -signal.SIGINT  # shells count 130
    process.stdout.close()


@pytest.mark.slow
@pytest.mark.promise("Kill it", "SIGTERM and SIGINT at random moments of training: exit within a step, a save and 2 s of processor time")
@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_it_is_gone_within_two_seconds(number, code, left, found):
    """Processor time, as others may use the machine; a step and a save take some milliseconds here."""
    import random

    slowest, moments = 0.0, random.Random(code)
    for i in range(5):
        out = f"out-{i}"
        words = ["run", "ring.yaml", "--quiet", "--out", out, "-o", "train.steps=1000000", "-o", "log.every=1"]
        process = subprocess.Popen([sys.executable, "-m", "ganzoo", *words])
        while not any(line["event"] == "log" for line in left(out).events):
            time.sleep(0.05)
        time.sleep(moments.uniform(0, 0.5))
        before = processor_seconds(process.pid)
        process.send_signal(number)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == code
        slowest = max(slowest, usage.ru_utime + usage.ru_stime - before)
        last = left(out).events[-1]
        assert (last["event"], left(out).steps[0]) == ("stopped", last["step"])
    assert slowest < 2
    found(f"5 of {signal.Signals(number).name}: at most {slowest:.2f} s from the signal to the end, report included")


def processor_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
