"""Sweeps: what is tried, that all of it is checked first, that a sweep goes on where it was stopped, and what it finds."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from ganzoo.cli import invoke
from ganzoo.engine.signals import Stop
from ganzoo.errors import UserError
from ganzoo.progress import Reporter
from ganzoo.report.record import Record, read_record
from ganzoo.sweep import running
from ganzoo.sweep.process import Job, Result, result_of, run_trial
from ganzoo.sweep.running import run_all
from ganzoo.sweep.settings import Best, Distribution, read_sweep
from ganzoo.sweep.summary import Summary, mean_text
from ganzoo.sweep.trials import Trial, draw, plan

BASE = """\
data: {name: ring, count: 200}
generator: {name: mlp, hidden: [4]}
critic: {name: mlp, hidden: [4]}
loss: wasserstein
train: {steps: 4, batch_size: 4, threads: 1, device: cpu}
log: {every: 2}
sample: {every: 4, count: 20}
metrics: [{name: modes, samples: 50}]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Every test works in an empty folder and leaves torch's thread count as it was."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.yaml").write_text(BASE)
    threads = torch.get_num_threads()
    yield tmp_path
    torch.set_num_threads(threads)


def write(text, name="sweep.yaml"):
    Path(name).write_text(text)
    return Path(name)


def trials_of(text):
    return plan(read_sweep(write(text)))


def table(folder):
    return list(csv.DictReader((Path(folder) / "summary.csv").read_text().splitlines()))


def texts(trial):
    return [override.text for override in trial.overrides]


# What is tried.


def test_a_grid_is_every_combination_with_every_seed():
    trials = trials_of("{config: base.yaml, grid: {a.lr: [1, 2], b.lr: [3, 4, 5]}, seeds: [7, 8]}")
    assert len(trials) == 2 * 3 * 2
    assert texts(trials[0]) == ["a.lr=1", "b.lr=3", "train.seed=7"]
    assert texts(trials[-1]) == ["a.lr=2", "b.lr=5", "train.seed=8"]
    assert len({trial.name for trial in trials}) == 12
    assert trials[0].name == "a.lr=1,b.lr=3,seed=7"


def test_what_is_set_for_all_comes_with_every_trial_and_sections_come_before_their_keys():
    (trial,) = trials_of("{config: base.yaml, set: {critic.hidden: [8]}, grid: {critic: [{name: mlp, norm: layer}]}}")
    assert texts(trial) == ["critic={name: mlp, norm: layer}", "critic.hidden=[8]"]


def test_without_seeds_the_configurations_own_is_used():
    (trial,) = trials_of("config: base.yaml")
    assert (trial.name, trial.seed, texts(trial)) == ("trial", None, [])


def test_draws_stay_when_more_are_asked_for_and_keys_are_added():
    few = trials_of("{config: base.yaml, random: {lr: {log_uniform: [1e-5, 1e-2]}}, draws: 3}")
    many = trials_of("{config: base.yaml, random: {lr: {log_uniform: [1e-5, 1e-2]}, width: {integers: [1, 9]}}, draws: 5}")
    assert [t.setting["lr"] for t in many][:3] == [t.setting["lr"] for t in few]
    other = trials_of("{config: base.yaml, random: {lr: {log_uniform: [1e-5, 1e-2]}}, draws: 3, draw_seed: 1}")
    assert {t.setting["lr"] for t in other}.isdisjoint({t.setting["lr"] for t in few})


def test_draws_have_their_distribution():
    def drawn(n=2000, **kind):
        distribution = Distribution(**kind)
        return [draw(distribution, str(i)) for i in range(n)]

    small = drawn(log_uniform=(1e-4, 1.0))
    assert min(small) >= 1e-4
    assert max(small) <= 1
    for low in (1e-4, 1e-3, 1e-2, 1e-1):  # each order of magnitude as likely
        assert 0.2 < sum(low <= value < 10 * low for value in small) / 2000 < 0.3
    even = drawn(uniform=(2.0, 4.0))
    assert 0.45 < sum(value < 3 for value in even) / 2000 < 0.55
    assert set(drawn(integers=(1, 3))) == {1, 2, 3}
    assert set(drawn(choice=["a", "b"])) == {"a", "b"}


def test_names_hold_any_value_and_tell_settings_apart():
    trials = trials_of("{config: base.yaml, grid: {loss: [[wasserstein, r1], 'wasserstein r1', '../x', '" + "y" * 300 + "']}}")
    names = [trial.name for trial in trials]
    assert len(set(names)) == 4
    assert all(len(name) <= 120 and "/" not in name and " " not in name for name in names)


# What is refused.


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("config: base.yaml\ngird: {}\n", "sweep.yaml:2", "gird: there is no such key; did you mean 'grid'?"),
        ("grid: {}\n", "sweep.yaml:1", "config: is missing"),
        ("config: base.yaml\ngrid:\n  train.steps: 5\n", "sweep.yaml:3", "grid.train.steps: expects a list of one value or more"),
        ("config: base.yaml\ngrid: {train.steps: []}\n", "sweep.yaml:2", "expects a list of one value or more"),
        ("config: base.yaml\nset:\n  a: 1\ngrid:\n  a: [1]\n", "sweep.yaml:5", "'a' stands under 'set' already"),
        ("config: base.yaml\ngrid:\n  train.seed: [1]\n", "sweep.yaml:3", "write 'seeds: [0, 1, 2]'"),
        ("config: base.yaml\nrandom:\n  a: {}\ndraws: 1\n", "sweep.yaml:3", "says nothing to draw from"),
        ("config: base.yaml\nrandom:\n  a: {uniform: [0, 1], choice: [1]}\ndraws: 1\n", "sweep.yaml:3", "at once"),
        ("config: base.yaml\nrandom:\n  a: {uniform: [2, 1]}\ndraws: 1\n", "sweep.yaml:3", "is not below"),
        ("config: base.yaml\nrandom:\n  a: {log_uniform: [0, 1]}\ndraws: 1\n", "sweep.yaml:3", "is not above 0"),
        ("config: base.yaml\nrandom:\n  a: {normal: [0, 1]}\ndraws: 1\n", "sweep.yaml:3", "there is no such key"),
        ("config: base.yaml\nrandom: {a: {choice: [1]}}\n", "sweep.yaml:2", "goes with 'draws'"),
        ("config: base.yaml\ndraws: 3\n", "sweep.yaml:2", "goes with 'random'"),
        ("config: base.yaml\nseeds: [1, 1]\n", "sweep.yaml:2", "the same trial is listed twice"),
        ("config: base.yaml\nseeds: [-1]\n", "sweep.yaml:2", "seeds.0: expects an integer >= 0"),
        ("config: base.yaml\nbest: {value: modes, goal: most}\n", "sweep.yaml:2", "best.goal: expects min or max"),
        (
            "config: base.yaml\nbest: {value: fid, goal: min}\n",
            "sweep.yaml:2",
            "'fid' is not measured; metrics of the configuration: modes",
        ),
        ("config: bsae.yaml\n", "bsae.yaml", "there is no such file; did you mean 'base.yaml'?"),
        ("config: base.yaml\ngrid:\n  train.steps: [4, ten]\n", "sweep.yaml:3", "train.steps: expects an integer > 0"),
        ("config: base.yaml\nset:\n  generator.hiden: [4]\n", "sweep.yaml:3", "did you mean 'hidden'?"),
        ("config: base.yaml\ngrid:\n  loss:\n  - wasserstein\n  - hinges\n", "sweep.yaml:5", "'hinges' is not an installed loss"),
        ("[1]\n", "sweep.yaml:1", "a sweep is a mapping of keys"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_its_place(text, where, words, capsys):
    write(text)
    assert invoke(["sweep", "sweep.yaml", "--quiet"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"ganzoo: error: {where}: ")
    assert words in error
    assert len(error.splitlines()) == 1
    assert not Path("runs").exists()


def test_the_last_of_many_trials_is_checked_before_the_first_is_trained(capsys):
    write(
        "{data: digits, generator: {name: mlp, hidden: [4]}, critic: {name: dcgan, width: 2, norm: none}, loss: wasserstein}", "base.yaml"
    )
    write("config: base.yaml\ngrid:\n  critic.norm: [none, batch]\n  loss: [wasserstein, [wasserstein, gradient_penalty]]\n")
    assert invoke(["sweep", "sweep.yaml", "--quiet"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("ganzoo: error: sweep.yaml:4: loss.1: ")
    assert "which mixes the batch" in error
    assert not Path("runs").exists()


def test_too_many_trials_are_taken_for_a_mistake(capsys):
    many = list(range(200))
    write(f"{{config: base.yaml, grid: {{a: {many}, b: {many}}}}}")
    assert invoke(["sweep", "sweep.yaml"]) == 2
    assert "makes 40000 trials" in capsys.readouterr().err


def test_a_run_directory_is_no_place_for_a_sweep(capsys):
    Path("run").mkdir()
    Path("run/config.yaml").touch()
    write("config: base.yaml")
    assert invoke(["sweep", "sweep.yaml", "--out", "run"]) == 2
    assert "run is a run directory" in capsys.readouterr().err


# Running.


@pytest.fixture
def in_this_process(monkeypatch):
    """Trials without their process, which costs seconds each; returns the names in the order they were run."""
    run = []

    def run_here(job, asked_to_stop=lambda: 0, idle=lambda: None):
        run.append(job.name)
        words = [word for override in job.overrides for word in ("-o", override)]
        with redirect_stdout(io.StringIO()):
            return invoke(["run", job.config, "--out", job.folder, "--resume", "--quiet", *words])

    monkeypatch.setattr(running, "run_trial", run_here)
    return run


SWEEP = """\
config: base.yaml
grid: {optimizer.critic.lr: [1e-4, 2e-3]}
seeds: [0, 1]
best: {value: critic/wasserstein_estimate, goal: min}
"""


def test_a_sweep_trains_every_trial_and_sums_up(in_this_process, capsys):
    write(SWEEP)
    assert invoke(["sweep", "sweep.yaml", "--quiet"]) == 0
    out = capsys.readouterr().out
    names = ["lr=0.0001,seed=0", "lr=0.0001,seed=1", "lr=0.002,seed=0", "lr=0.002,seed=1"]
    assert in_this_process == names
    values = {}
    for name in names:
        record = read_record(Path("runs/sweep") / name)
        assert record.outcome == "finished"
        values[name] = record.logs[4]["critic/wasserstein_estimate"]
    rows = table("runs/sweep")
    assert [row["trial"] for row in rows] == names
    assert [float(row["critic/wasserstein_estimate"]) for row in rows] == [values[name] for name in names]
    assert {row["state"] for row in rows} == {"finished"}
    means = {lr: (values[f"lr={lr},seed=0"] + values[f"lr={lr},seed=1"]) / 2 for lr in ("0.0001", "0.002")}
    best = min(means, key=means.get)
    assert f"best: lr={best}" in out
    assert f"{means[best]:.5g}" in Path("runs/sweep/summary.md").read_text()
    assert (Path("runs/sweep") / "sweep.yaml").read_text() == SWEEP


def test_a_sweep_that_is_called_again_trains_what_is_new_only(in_this_process, capsys):
    write(SWEEP)
    assert invoke(["sweep", "sweep.yaml", "--quiet"]) == 0
    stamp = {path: path.stat().st_mtime_ns for path in Path("runs/sweep").rglob("*.safetensors")}
    in_this_process.clear()
    write(SWEEP.replace("[0, 1]", "[1, 0, 2]"))
    capsys.readouterr()
    assert invoke(["sweep", "sweep.yaml", "--json", "--quiet"]) == 0
    assert in_this_process == ["lr=0.0001,seed=2", "lr=0.002,seed=2"]
    assert stamp == {path: path.stat().st_mtime_ns for path in stamp}
    assert {trial["state"] for trial in json.loads(capsys.readouterr().out)["trials"]} == {"finished"}
    assert len(list(Path("runs/sweep").glob("*/config.yaml"))) == 6


def test_a_trial_that_fails_is_told_and_the_rest_is_trained(in_this_process, capsys):
    write("{config: base.yaml, grid: {optimizer.critic.lr: [1e30, 1e-4]}, seeds: [0, 1], best: {value: modes, goal: max}}")
    assert invoke(["sweep", "sweep.yaml", "--quiet"]) == 3
    found = capsys.readouterr()
    assert len(in_this_process) == 4
    assert "ganzoo: error: 2 of 4 trials failed, the first: lr=1.0e+30,seed=0: " in found.err
    rows = table("runs/sweep")
    assert [row["state"] for row in rows] == ["failed", "failed", "finished", "finished"]
    assert "best: lr=0.0001" in found.out
    in_this_process.clear()  # what failed is tried again
    assert invoke(["sweep", "sweep.yaml", "--quiet"]) == 3
    assert in_this_process == ["lr=1.0e+30,seed=0", "lr=1.0e+30,seed=1"]


def test_a_changed_base_is_refused_for_the_folders_that_are_there(in_this_process, capsys):
    write("config: base.yaml")
    assert invoke(["sweep", "sweep.yaml", "--quiet"]) == 0
    write(BASE.replace("hidden: [4]", "hidden: [5]"), "base.yaml")
    assert invoke(["sweep", "sweep.yaml", "--quiet"]) == 2
    assert "was begun with another configuration: generator.hidden: [4], now [5]" in capsys.readouterr().err
    write(BASE.replace("steps: 4", "steps: 3"), "base.yaml")
    assert invoke(["sweep", "sweep.yaml", "--quiet"]) == 2
    assert "train.steps: 4, which may only grow, now 3" in capsys.readouterr().err


def test_json_holds_every_trial(in_this_process, capsys):
    write(SWEEP)
    assert invoke(["sweep", "sweep.yaml", "--dry-run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [trial["state"] for trial in found["trials"]] == ["waiting"] * 4
    assert found["best"] is None
    assert not Path("runs").exists()
    assert in_this_process == []


def test_a_signal_leaves_the_rest_for_the_next_time(folder):
    jobs = [Job(name, "base.yaml", (), str(folder / name), 4, str(folder)) for name in ("a", "b", "c")]
    stop = Stop()

    def execute(waiting, stop, show):
        for job in waiting:
            if stop.signal:
                return
            stop.signal = signal.SIGTERM
            yield job, 143

    results = run_all(jobs, execute, stop, Reporter(io.StringIO()), lambda result: None)
    assert [result.state for result in results] == ["stopped", "waiting", "waiting"]


# What is found.


def row_of(seed, value, state="finished", **setting):
    record = Record(last_step=4, logs={4: {"critic/adversarial": value}})
    return Trial(f"{setting},{seed}", setting, seed, ()), Result("", state, "", record)


def summary_of(*rows, goal="min"):
    return Summary([row[0] for row in rows], [row[1] for row in rows], Best(value="critic/adversarial", goal=goal))


def test_means_and_deviations_are_over_seeds():
    summary = summary_of(row_of(0, 1.0, lr=1), row_of(1, 2.0, lr=1), row_of(2, 6.0, lr=1), row_of(0, 4.0, lr=2))
    first, second = summary.settings
    assert first.value == pytest.approx(3.0)
    assert first.deviation == pytest.approx(7**0.5)
    assert mean_text(first) == "3 ± 2.6 (3 seeds)"
    assert mean_text(second) == "4"
    assert summary.best is first
    assert summary_of(row_of(0, 1.0, lr=1), row_of(0, 4.0, lr=2), goal="max").best.setting == {"lr": 2}


def test_a_setting_with_a_failed_seed_is_not_ranked():
    """The mean of the seeds that survived would flatter it."""
    summary = summary_of(row_of(0, 1.0, lr=1), row_of(1, 1.0, "failed", lr=1), row_of(0, 4.0, lr=2))
    assert summary.settings[0].value is None
    assert summary.settings[0].states == "1 finished, 1 failed"
    assert summary.best.setting == {"lr": 2}


def test_numbers_that_are_not_finite_are_not_ranked():
    assert summary_of(row_of(0, float("nan"), lr=1)).best is None


# Processes.


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
    sittings = [event["step"] for event in map(json.loads, record.read_text().splitlines()) if event["event"] == "started"]
    assert sittings == [0, before.last_step]
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


# Ray.


def test_ray_that_is_not_installed_is_said_with_the_remedy(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    write("config: base.yaml")
    assert invoke(["sweep", "sweep.yaml", "--ray", "local"]) == 2
    assert capsys.readouterr().err == "ganzoo: error: --ray: Ray is not installed; pip install 'ganzoo-core[ray]'\n"


@pytest.mark.slow
def test_a_sweep_on_two_workers_of_ray(folder, capsys):
    """Two trials at once, one of which fails: the other ends with the weights that it has without Ray."""
    pytest.importorskip("ray", reason="needs the extra ganzoo-core[ray]")
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
def test_a_cluster_that_is_not_there_is_said(folder, capsys):
    pytest.importorskip("ray", reason="needs the extra ganzoo-core[ray]")
    write("config: base.yaml")
    assert invoke(["sweep", "sweep.yaml", "--ray", "auto", "--quiet"]) == 2
    error = capsys.readouterr().err
    assert "there is no Ray cluster at 'auto'" in error.splitlines()[-1]


def test_a_file_that_is_missing_is_said(capsys):
    with pytest.raises(UserError):
        read_sweep(Path("nowhere.yaml"))
