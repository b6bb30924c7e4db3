"""What a kill or a signal kept from being written is made up for: a run is finished only when all that is due is there."""

import os
import signal
from pathlib import Path

import pytest
from ganzoo_sweep.process import Job, result_of
from safetensors.torch import load_file

from ganzoo.cli import invoke
from ganzoo.engine import evaluation, outputs
from ganzoo.engine.evaluation import Evaluations
from ganzoo.engine.outputs import Outputs
from ganzoo.errors import GanzooError
from ganzoo.rundir import read_record
from ganzoo.rundir.directory import RunDirectory
from ganzoo.rundir.weights import export, metadata

RECIPE = """\
data: {name: ring, count: 64}
generator: {name: mlp, hidden: [8], latent_dim: 2}
critic: {name: mlp, hidden: [8]}
loss: non_saturating
train: {steps: 4, batch_size: 8, device: cpu, threads: 1}
log: {every: 2}
sample: {every: 2, count: 16}
checkpoint: {every: 2}
metrics: [{name: modes, samples: 50, every: 2}]
"""


class Killed(BaseException):
    """Stands for SIGKILL: nothing but ``finally`` runs."""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("ring.yaml").write_text(RECIPE)


def kill_at(patch, holder, name, step, after=False):
    """End the process where ``holder.name`` is called at ``step``."""
    original = getattr(holder, name)

    def killed(self, *arguments, **words):
        run = getattr(self, "run", None) or getattr(self, "_run", None)
        if (run.step if run else words.get("step")) != step or (holder is RunDirectory and arguments[0] != "finished"):
            return original(self, *arguments, **words)
        if after:
            original(self, *arguments, **words)
        raise Killed

    patch.setattr(holder, name, killed)


def run(*arguments):
    return invoke(["run", "ring.yaml", "--out", "out", "--quiet", *arguments])


@pytest.mark.parametrize(
    ("holder", "name", "after", "step"),
    [
        *((Evaluations, "_measure", False, step) for step in (2, 4)),
        *((Outputs, "write_evaluation", False, step) for step in (2, 4)),
        *((Outputs, "save_checkpoint", True, step) for step in (2, 4)),
        (RunDirectory, "log", False, 4),  # the last line
    ],
)
def test_what_is_due_at_the_step_of_the_checkpoint_is_made_up_for(holder, name, after, step):
    with pytest.MonkeyPatch.context() as patch:
        kill_at(patch, holder, name, step, after)
        with pytest.raises(Killed):
            run()
    assert read_record(Path("out")).outcome == ""
    assert run("--resume") == 0
    record = read_record(Path("out"))
    assert (record.outcome, record.last_step) == ("finished", 4)
    assert [(found.step, found.metric) for found in record.evaluations] == [(2, "modes"), (4, "modes")]
    assert record.sample_steps == {0, 2, 4}
    job = Job("out", "ring.yaml", (), str(Path("out").resolve()), 4, ".")
    assert result_of(job, 0).state == "finished"


def test_weights_follow_a_checkpoint_that_was_written_without_them():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outputs, "export", lambda *arguments, **words: exit_at_four(words))
        with pytest.raises(Killed):
            run()
    assert run("--resume") == 0
    made_up = load_file("out/weights/generator.safetensors")
    assert invoke(["run", "ring.yaml", "--out", "whole", "--quiet"]) == 0
    whole = load_file("whole/weights/generator.safetensors")
    assert all((made_up[name] == whole[name]).all() for name in whole)


def exit_at_four(words):
    if words["step"] == 4:
        raise Killed


def test_a_grid_that_is_missing_is_drawn_again():
    with pytest.MonkeyPatch.context() as patch:
        kill_at(patch, Evaluations, "_measure", 4)
        with pytest.raises(Killed):
            run()
    before = Path("out/samples/step-00000004.png").read_bytes()
    Path("out/samples/step-00000004.png").unlink()
    assert run("--resume") == 0
    assert Path("out/samples/step-00000004.png").read_bytes() == before


def test_a_signal_in_the_last_evaluation_leaves_the_run_unfinished_until_it_is_measured():
    def interrupted(*arguments):
        os.kill(os.getpid(), signal.SIGTERM)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Evaluations, "due", lambda self, step, total: ["modes"] if step == total else [])
        patch.setattr(evaluation, "measure", interrupted)
        assert run() == 143
    assert read_record(Path("out")).outcome == "stopped"
    assert run("--resume") == 0
    record = read_record(Path("out"))
    assert record.outcome == "finished"
    assert [found.step for found in record.evaluations] == [4]


@pytest.mark.parametrize(
    ("file", "lose"),
    [
        ("samples/step-00000004.png", Path.unlink),
        ("weights/generator.safetensors", Path.unlink),
        ("weights/critic.safetensors", Path.unlink),
        ("weights/generator.safetensors", lambda path: export(load_file(path), path, **metadata(path) | {"step": 2})),
    ],
)
def test_what_a_finished_run_has_lost_since_or_has_older_is_written_again(file, lose):
    assert run() == 0
    before = Path("out", file).stat().st_size
    lose(Path("out", file))
    assert run("--resume") == 0
    assert Path("out", file).stat().st_size == before
    assert metadata(Path("out/weights/generator.safetensors"))["step"] == 4
    assert read_record(Path("out")).outcome == "finished"


def test_a_finished_run_measures_nothing_again(capsys):
    def fails(*arguments):
        raise GanzooError("no number today")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "measure", fails)
        assert run() == 0
    before = Path("out/metrics.jsonl").read_bytes()
    assert invoke(["run", "ring.yaml", "--out", "out", "--resume"]) == 0
    assert "finished already" in capsys.readouterr().err
    assert Path("out/metrics.jsonl").read_bytes() == before


def test_a_metric_that_failed_before_a_kill_is_not_tried_again():
    def fails(name, metric, part, subject, step, collected):
        if step == 4:
            raise Killed
        raise GanzooError("no number today")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "measure", fails)
        assert run("-o", "train.steps=3") == 0
        with pytest.raises(Killed):
            run("--resume")
    assert run("--resume") == 0
    assert [found.step for found in read_record(Path("out")).evaluations] == [4]
