"""A run has an identity, its data a fingerprint, and each start an entry in the record: what does not belong together is told."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo.cli import invoke
from ganzoo.engine.evaluation import Evaluations
from ganzoo.rundir import checkpoint, read_record
from ganzoo.rundir.weights import metadata

RECIPE = """\
data: {name: ring, count: 64}
generator: {name: mlp, hidden: [8], latent_dim: 2}
critic: {name: mlp, hidden: [8]}
loss: non_saturating
train: {steps: 4, batch_size: 8, device: cpu}
log: {every: 2}
sample: {count: 16}
checkpoint: {every: 2}
"""
PICTURES = """\
data: {name: folder, root: pictures, size: 16, channels: 1}
generator: {name: mlp, hidden: [8], latent_dim: 2}
critic: {name: mlp, hidden: [8]}
loss: non_saturating
train: {steps: 2, batch_size: 4, device: cpu, threads: 1}
sample: {count: 4}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    Path("ring.yaml").write_text(RECIPE)
    Path("pictures.yaml").write_text(PICTURES)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def run(*arguments, config="ring.yaml", out="out", code=0):
    assert invoke(["run", config, "--out", out, "--quiet", *arguments]) == code


def state_of(out):
    return checkpoint.load(Path(out, "checkpoints"), print)[1]


# Identity.


def test_checkpoints_weights_and_record_carry_the_runs_identity_and_another_run_has_another():
    run()
    run(out="other")
    identity = json.loads(Path("out/env.json").read_text())["run"]
    assert len(identity) == 32
    assert state_of("out")["run"] == identity
    assert metadata(Path("out/weights/generator.safetensors"))["run"] == identity
    assert read_record(Path("out")).starts[0].environment["run"] == identity
    assert state_of("other")["run"] != identity
    run("--resume", "-o", "train.steps=6")
    assert state_of("out")["run"] == identity


def test_a_folder_that_holds_another_runs_checkpoints_is_refused_and_nothing_is_deleted(capsys):
    run()
    shutil.copytree("out/checkpoints", "new/checkpoints")
    before = sorted(path.name for path in Path("new/checkpoints").iterdir())
    run("-o", "train.steps=1", out="new", code=2)
    assert "new holds checkpoints of another run" in capsys.readouterr().err
    run("--resume", "-o", "train.steps=1", out="new", code=2)
    assert sorted(path.name for path in Path("new/checkpoints").iterdir()) == before


def test_what_a_run_left_that_was_killed_before_its_first_step_is_no_other_run():
    run()
    Path("new/checkpoints").mkdir(parents=True)
    shutil.copy("out/checkpoints/step-00000002.ckpt", "new/checkpoints/step-00000000.ckpt")
    run(out="new")


def test_checkpoints_of_another_run_are_not_resumed_from(capsys):
    run("-o", "train.steps=2")
    run(out="other")
    shutil.copy("other/checkpoints/step-00000004.ckpt", "out/checkpoints/")
    run("--resume", code=2)
    assert "step-00000004.ckpt belongs to another run than its folder" in capsys.readouterr().err


def test_a_checkpoint_under_the_name_of_another_step_is_refused(capsys):
    run()
    Path("out/checkpoints/step-00000002.ckpt").rename("out/checkpoints/step-00000009.ckpt")
    run("--resume", "-o", "train.steps=6", code=2)
    assert "does not hold the step that its name says; call it step-00000002.ckpt again" in capsys.readouterr().err


@pytest.mark.parametrize("file", ["metrics.jsonl", "env.json"])
def test_the_record_of_another_run_is_refused(file, capsys):
    run()
    run(out="other")
    shutil.copy(f"other/{file}", "out/")
    run("--resume", "-o", "train.steps=6", code=2)
    assert "out holds the record of another run" in capsys.readouterr().err


def test_weights_of_another_run_in_a_runs_folder_are_refused(capsys):
    run()
    run(out="other")
    shutil.copy("other/weights/generator.safetensors", "out/weights/")
    assert invoke(["sample", "out"]) == 2
    assert "belongs to another run than its folder" in capsys.readouterr().err


# Starts.


def test_each_start_has_an_entry_and_the_first_environment_stays(monkeypatch, capsys):
    torch.set_num_threads(1)
    run("-o", "train.steps=2")
    first = Path("out/env.json").read_bytes()
    torch.set_num_threads(2)
    run("--resume")
    assert Path("out/env.json").read_bytes() == first
    record = read_record(Path("out"))
    assert [start.step for start in record.starts] == [0, 2]
    assert [start.environment["runtime"]["threads"] for start in record.starts] == [1, 2]
    assert record.changes == [(2, "train.steps: 2, now 4"), (2, "threads was 1, is 2")]
    assert any("resuming elsewhere (threads was 1, is 2)" in text for _, text in record.warnings)


def test_the_recipe_that_a_run_was_first_started_from_stays():
    run("-o", "train.steps=2")
    first = Path("out/recipe.yaml").read_bytes()
    Path("other.yaml").write_text(RECIPE + "# another file\n")
    run("--resume", config="other.yaml")
    assert Path("out/recipe.yaml").read_bytes() == first


# The data.


def draw(name, count, seed):
    random = np.random.default_rng(seed)
    Path("pictures", name).mkdir(parents=True, exist_ok=True)
    for i in range(count):
        Image.fromarray(random.integers(0, 256, (16, 16), dtype=np.uint8)).save(f"pictures/{name}/{i}.png")


@pytest.fixture
def pictures():
    draw("a", 4, 0)
    draw("b", 4, 1)
    run(config="pictures.yaml")


def resume(code=0):
    run("--resume", "-o", "train.steps=4", config="pictures.yaml", code=code)


def test_the_checkpoint_and_the_weights_keep_the_fingerprint_of_the_data(pictures):
    kept = state_of("out")["data"]
    assert (kept["class_names"], kept["count"], len(kept["hash"])) == (["a", "b"], 8, 16)
    assert metadata(Path("out/weights/generator.safetensors"))["fingerprint"] == kept


def test_classes_with_other_names_are_refused_on_resume_and_by_eval_and_neighbours(pictures, capsys):
    Path("pictures/a").rename("pictures/z")  # every label now means the other class
    for command in (["eval", "out", "-m", "sliced_wasserstein", "-o", "samples=4"], ["neighbours", "out", "--samples", "4"]):
        assert invoke(command) == 2
        assert "the data's classes were a, b, and are now b, z" in capsys.readouterr().err
    resume(code=2)
    said = capsys.readouterr().err
    assert "pictures.yaml:1: data: the data's classes were a, b, and are now b, z" in said


def test_another_count_is_refused_on_resume(pictures, capsys):
    draw("b", 5, 1)
    resume(code=2)
    assert "the data had 8 samples, and has now 9" in capsys.readouterr().err


def test_other_content_is_a_warning_in_the_record(pictures, capsys):
    draw("b", 4, 7)
    assert invoke(["eval", "out", "-m", "sliced_wasserstein", "-o", "samples=8"]) == 0
    assert "the data's content has changed" in capsys.readouterr().err
    resume()
    record = read_record(Path("out"))
    assert any("the data's content has changed" in text for _, text in record.warnings)
    assert any("the data's content has changed" in text for _, text in record.changes)


def test_the_same_data_is_resumed_without_a_word(pictures, capsys):
    resume()
    assert capsys.readouterr().err == ""
    assert read_record(Path("out")).changes == [(2, "train.steps: 2, now 4")]


# The rate of images.


def test_the_rate_of_images_counts_training_alone(monkeypatch):
    """With a metric that takes 0.2 s after each step of a millisecond, the rate was 40 images a second."""
    import time

    measure = Evaluations.measure
    monkeypatch.setattr(Evaluations, "measure", lambda *words: (time.sleep(0.2), measure(*words))[1])
    run("-o", "metrics=[{name: modes, samples: 50, every: 1}]", "-o", "log.every=1", "-o", "checkpoint.every=1", "-o", "train.steps=6")
    rates = [values["images_per_second"] for values in read_record(Path("out")).logs.values()]
    assert sorted(rates)[3] > 160
