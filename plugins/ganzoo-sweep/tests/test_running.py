"""Running a sweep: every trial once, what is new only, and failures told."""

import io
import json
import signal
from pathlib import Path

from ganzoo_sweep.process import Job
from ganzoo_sweep.running import last_step, run_all
from sweeps import BASE, table, write

from ganzoo.cli import invoke
from ganzoo.engine.signals import Stop
from ganzoo.rundir.record import read_record
from ganzoo.ui.progress import Reporter

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


def test_the_last_step_is_read_from_the_end(tmp_path):
    lines = [f'{{"event": "log", "step": {step}}}' for step in range(1000)]
    (tmp_path / "metrics.jsonl").write_text("\n".join([*lines, '{"event": "log", "st']))
    assert last_step(tmp_path) == 999
    assert last_step(tmp_path / "nowhere") == 0
