"""Earlier states of a run: checkpoints by step, and the best of them by a metric, ranked only where numbers are alike."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from ganzoo import load
from ganzoo.cli import invoke
from ganzoo.rundir import checkpoint
from ganzoo.rundir.comparison import best_step
from ganzoo.rundir.record import Evaluation

RING = """
data: {name: ring, count: 300}
generator: {name: mlp, hidden: [8], latent_dim: 2}
critic: {name: mlp, hidden: [8]}
loss: least_squares
train: {steps: 4, batch_size: 8, device: cpu, threads: 1, ema: 0.5}
metrics: [{name: modes, samples: 50, every: 1}]
checkpoint: {every: 1, keep: 3, best: {metric: modes}}
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    (folder / "ring.yaml").write_text(RING)
    assert invoke(["run", str(folder / "ring.yaml"), "-q", "--out", str(folder / "run")]) == 0
    return folder / "run"


@pytest.fixture
def run(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return shutil.copytree(trained, tmp_path / "run")


def measured(run, values, **facts):
    """The run, with other numbers found at its steps; ``facts`` are added to the provenance of the last."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    for line in lines:
        if line["event"] == "evaluated":
            line["values"]["modes"] = values[line["step"] - 1]
            line["values"]["provenance"] |= facts if line["step"] == 4 else {}
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return run


def samples(run, *arguments):
    assert invoke(["sample", str(run), "-n", "4", "--npz", "s.npz", *arguments]) == 0
    return np.load("s.npz")["sample"]


def test_a_kept_step_is_sampled_exported_and_measured(run, capsys):
    assert not np.array_equal(samples(run, "--step", "2"), samples(run))
    assert np.array_equal(samples(run, "--step", "4"), samples(run))
    assert np.array_equal(samples(run, "--weights", str(run / "checkpoints/step-00000002.ckpt")), samples(run, "--step", "2"))
    assert np.array_equal(load(run, step=2).sample(4).numpy(), samples(run, "--step", "2"))
    assert invoke(["export", str(run), "--step", "2", "--to", "torch", "--out", "two.pt2"]) == 0
    capsys.readouterr()
    assert invoke(["eval", str(run), "--step", "3", "-m", "{name: modes, samples: 50}", "--json", "-q"]) == 0
    now = json.loads(capsys.readouterr().out)[0]
    then = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines() if '"evaluated"' in line]
    assert (now["step"], now["values"]) == (3, next(line["values"] for line in then if line["step"] == 3))


def test_a_kept_step_is_sampled_where_the_last_weights_are_gone_and_never_anothers(run, capsys):
    wanted = samples(run, "--step", "3")
    (run / "weights/generator.safetensors").unlink()
    assert np.array_equal(samples(run, "--step", "3"), wanted)
    environment = json.loads((run / "env.json").read_text())
    (run / "env.json").write_text(json.dumps({**environment, "run": "another"}))
    assert invoke(["sample", str(run), "--step", "3"]) == 2
    assert "belongs to another run than its folder" in capsys.readouterr().err


@pytest.mark.parametrize(("values", "best"), [([9, 8, 3, 2], 2), ([0, 3, 3, 2], 3), ([0, 1, 2, 3], 4)])
def test_the_best_is_that_of_the_kept_steps_by_the_metric(run, values, best):
    measured(run, values)
    assert np.array_equal(samples(run, "--step", "best"), samples(run, "--step", str(best)))


def test_a_pack_of_the_best_holds_its_weights_and_its_numbers(run):
    measured(run, [0, 7, 3, 2])
    assert invoke(["pack", str(run), "--step", "best", "--out", "pack"]) == 0
    packed = load_file("pack/weights/generator.safetensors")
    kept = checkpoint.decode((run / "checkpoints/step-00000002.ckpt").read_bytes(), "")["networks"]["average"]
    assert all(np.array_equal(packed[name], kept[name]) for name in kept)
    assert not np.array_equal(samples("pack"), samples(run))
    card = Path("pack/README.md").read_text()
    assert "2 steps, an earlier checkpoint of 4 steps" in card
    assert "| modes | modes 7" in card


def test_numbers_that_are_not_alike_are_not_ranked(run):
    measured(run, [9, 8, 7, 1], real_samples=7)
    assert np.array_equal(samples(run, "--step", "best"), samples(run, "--step", "4"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--step", "1"], "keeps no checkpoint of step 1; it keeps those of steps 2, 3, 4"),
        (["--step", "first"], "'first' is not a step"),
        (["--step", "2", "--weights", "x"], "cannot be combined with --weights"),
    ],
)
def test_a_step_that_is_not_there_is_one_line(arguments, said, run, capsys):
    assert invoke(["sample", str(run), *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_run_without_a_metric_to_choose_by_has_no_best(run, capsys):
    (run / "config.yaml").write_text((run / "config.yaml").read_text().replace("metric: modes", "metric: other"))
    assert invoke(["sample", str(run), "--step", "best"]) == 2
    text = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text("".join(line for line in text.splitlines(True) if "best:" not in line and "metric: other" not in line))
    capsys.readouterr()
    assert invoke(["sample", str(run), "--step", "best"]) == 2
    assert "has no metric to choose its best checkpoint by" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("checkpoint.best.metric=mode", "did you mean 'modes'?"),
        ("metrics=[{name: modes, samples: 50}]", "measured at the end only; set its every to 1"),
        ("checkpoint.every=3", "measured where there is no checkpoint; set its every to 3"),
        ("checkpoint.best=modes", "checkpoint.best"),
    ],
)
def test_a_metric_that_cannot_choose_is_refused_before_training(override, said, tmp_path, capsys):
    (tmp_path / "ring.yaml").write_text(RING)
    assert invoke(["run", str(tmp_path / "ring.yaml"), "--out", str(tmp_path / "run"), "-o", override]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_the_best_checkpoint_outlives_newer_ones(tmp_path):
    kept = []
    for step in range(6):
        checkpoint.save(tmp_path, step, {"step": step}, 1, lambda steps: 2 if 2 in steps else None)
        kept.append(sorted(map(checkpoint.step_of, checkpoint.existing(tmp_path))))
    assert kept == [[0], [1], [2], [2, 3], [2, 4], [2, 5]]


def test_the_run_itself_keeps_the_best(run, tmp_path):
    measured(run, [0, 9, 2, 1])
    assert invoke(["run", str(tmp_path / "run/recipe.yaml"), "-q", "--resume", "--out", str(run), "-o", "train.steps=8"]) == 0
    steps = sorted(map(checkpoint.step_of, checkpoint.existing(run / "checkpoints")))
    assert steps == [2, 6, 7, 8]


def test_the_numbers_of_eval_do_not_choose():
    found = [Evaluation(step, "fid", {"fid": float(step)}) for step in (1, 2)] + [Evaluation(2, "fid", {"fid": 0.0}, by_run=False)]
    assert best_step(found, "fid", {"fid": "lower"}, [1, 2]) == 1
    assert best_step(found, "fid", {"fid": "higher"}, [1, 2]) == 2
    assert best_step(found, "fid", {"fid": "lower"}, [2, 3]) == 2
    assert best_step(found, "kid", {"fid": "lower"}, [1, 2]) is None
