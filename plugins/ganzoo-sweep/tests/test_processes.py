"""Trials as processes, stopped, killed, or on a cluster of Ray: the sweep goes on where it was."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from ganzoo_sweep.process import Job, result_of, run_trial
from safetensors.torch import load_file
from sweeps import table, write

from ganzoo.cli import invoke
from ganzoo.rundir.record import read_record


def job_of(folder, name="trial", *overrides):
    return Job(name, str(folder / "base.yaml"), overrides, str(folder / "out" / name), 4, str(folder))


def test_a_trial_is_a_process_whose_last_error_is_its_reason(folder):
    job = job_of(folder, "bad", "train.steps=none")
    assert run_trial(job) == 2
    assert (
        result_of(job, 2).reason
        == "-o train.steps=none: train.steps: expects an integer > 0, found the string 'none'; the default is 10000"
    )


@pytest.mark.parametrize(("code", "words"), [(-9, "ended by signal 9"), (1, "exit code 1; see ")])
def test_a_process_that_says_nothing_has_a_reason_too(folder, code, words):
    assert words in result_of(job_of(folder), code).reason


LONG = "config: base.yaml\nset: {train.steps: 1500, log.every: 20, checkpoint.every: 100, sample.every: 1500, metrics: []}\nseeds: [0, 1]\n"


def start(*more):
    return subprocess.Popen([sys.executable, "-m", "ganzoo", "sweep", "sweep.yaml", *more], stderr=subprocess.PIPE, text=True)


def wait_for(condition, seconds=120):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_stops_the_trial_under_way_after_saving_and_the_sweep_goes_on_from_there(folder, number, code):
    write(LONG)
    process = start()
    record = Path("runs/sweep/seed=0/metrics.jsonl")
    wait_for(lambda: record.exists() and '"log"' in record.read_text())
    process.send_signal(number)
    assert process.wait(30) == code
    before = read_record(Path("runs/sweep/seed=0"))
    assert before.outcome == "stopped"
    assert not Path("runs/sweep/seed=1").exists()
    assert before.last_step < 1500
    assert start().wait(300) == 0
    assert read_record(Path("runs/sweep/seed=0")).last_step == 1500
    sessions = [event["step"] for event in map(json.loads, record.read_text().splitlines()) if event["event"] == "started"]
    assert sessions == [0, before.last_step]
    assert read_record(Path("runs/sweep/seed=1")).outcome == "finished"


@pytest.mark.slow
def test_a_killed_sweep_goes_on(folder):
    write(LONG)
    process = start()
    record = Path("runs/sweep/seed=0/metrics.jsonl")
    wait_for(lambda: record.exists() and record.read_text().count('"checkpoint"') > 1)
    child = int(subprocess.check_output(["pgrep", "-P", str(process.pid)], text=True))
    os.kill(process.pid, signal.SIGKILL)
    os.kill(child, signal.SIGKILL)
    process.wait()
    assert start().wait(300) == 0
    assert {row["state"] for row in table("runs/sweep")} == {"finished"}


def test_ray_that_is_not_installed_is_said_with_the_remedy(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    write("config: base.yaml")
    assert invoke(["sweep", "sweep.yaml", "--ray", "local"]) == 2
    assert capsys.readouterr().err == "ganzoo: error: --ray: Ray is not installed; pip install 'ganzoo-sweep[ray]'\n"


@pytest.mark.slow
def test_a_sweep_on_two_workers_of_ray(folder, capsys):
    """Two trials at once, one of which fails: the other ends with the weights that it has without Ray."""
    pytest.importorskip("ray", reason="needs the extra ganzoo-sweep[ray]")
    import ray

    write("{config: base.yaml, grid: {optimizer.critic.lr: [1e-4, 1e30, 2e-4]}, seeds: [0, 1]}")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        address = ray.get_runtime_context().gcs_address
        done = subprocess.run(
            [sys.executable, "-m", "ganzoo", "sweep", "sweep.yaml", "--ray", address, "--out", "on-ray"], capture_output=True, text=True
        )
    finally:
        ray.shutdown()
    assert done.returncode == 3, done.stderr
    assert "2 of 6 trials failed" in done.stderr
    rows = table("on-ray")
    assert [row["state"] for row in rows] == ["finished"] * 2 + ["failed"] * 2 + ["finished"] * 2
    started = {name: read_record(Path("on-ray") / name).started for name in ("lr=0.0001,seed=0", "lr=0.0001,seed=1")}
    assert all(started.values())
    assert invoke(["run", "base.yaml", "--out", "alone", "--quiet", "-o", "optimizer.critic.lr=1e-4", "-o", "train.seed=0"]) == 0
    there, here = (load_file(Path(run) / "weights/generator.safetensors") for run in ("on-ray/lr=0.0001,seed=0", "alone"))
    assert there.keys() == here.keys()
    assert all(torch.equal(there[key], here[key]) for key in here)


@pytest.mark.slow
def test_a_sweep_survives_the_loss_of_one_of_two_workers_of_ray(folder, capsys):
    pytest.importorskip("ray", reason="needs the extra ganzoo-sweep[ray]")
    import ray

    write(LONG)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        process = start("--ray", ray.get_runtime_context().gcs_address)
        records = [Path(f"runs/sweep/seed={seed}/metrics.jsonl") for seed in (0, 1)]
        wait_for(lambda: all(record.exists() and record.read_text().count('"checkpoint"') > 1 for record in records))
        trial = int(Path("runs/sweep/seed=0/.lock").read_text())
        worker = Path(f"/proc/{trial}/stat").read_text().rpartition(") ")[2].split()[1]  # its parent
        os.kill(int(worker), signal.SIGKILL)
        _, said = process.communicate(timeout=300)
    finally:
        ray.shutdown()
    assert process.returncode == 0, said
    assert [row["state"] for row in table("runs/sweep")] == ["finished"] * 2
    sessions = [event["step"] for event in map(json.loads, records[0].read_text().splitlines()) if event["event"] == "started"]
    assert sessions[0] == 0 < sessions[1] < 1500


@pytest.mark.slow
def test_a_cluster_that_is_not_there_is_said(folder, capsys):
    pytest.importorskip("ray", reason="needs the extra ganzoo-sweep[ray]")
    write("config: base.yaml")
    assert invoke(["sweep", "sweep.yaml", "--ray", "auto", "--quiet"]) == 2
    error = capsys.readouterr().err
    assert "there is no Ray cluster at 'auto'" in error.splitlines()[-1]
