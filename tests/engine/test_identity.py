"""A run has an identity and each start an entry in the record: what does not belong together is told."""

import json
import os
import platform
import shutil
from pathlib import Path

import pytest
import torch

from ganzoo.cli import invoke
from ganzoo.engine.evaluation import Evaluations
from ganzoo.rundir import checkpoint, read_record
from ganzoo.rundir.weights import differing, metadata
from ganzoo.runs.packs import sha256_of

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


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("ring.yaml").write_text(RECIPE)


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


@pytest.mark.parametrize(("config", "code"), [("ring.yaml", 0), ("out/config.yaml", 2)])
def test_the_configuration_in_the_checkpoint_decides_whatever_config_yaml_says(config, code, capsys):
    run()
    run("-o", "train.seed=1", out="other")
    shutil.copy("other/config.yaml", "out/")
    run("--resume", "-o", "train.steps=6", config=config, code=code)
    assert ("out was begun with another configuration: train.seed: 0, now 1" in capsys.readouterr().err) == bool(code)


@pytest.mark.parametrize("step", [(), ("--step", "2")])
def test_weights_are_not_used_with_another_generator_that_they_happen_to_fit(step, capsys):
    run()
    text = Path("out/config.yaml").read_text()
    Path("out/config.yaml").write_text(text.replace("activation: leaky_relu", "activation: relu", 1))
    assert text != Path("out/config.yaml").read_text()
    assert invoke(["sample", "out", *step]) == 2
    assert "not the configuration that its weights were trained with: generator.activation: leaky_relu, now relu" in capsys.readouterr().err


@pytest.mark.parametrize("file", ["weights/{}.safetensors", "checkpoints/step-00000004.ckpt"])
def test_weights_of_other_networks_or_other_classes_are_told_of(file, capsys):
    run("-o", "generator.activation=relu", "-o", "critic.activation=relu")
    sources = {side: f"out/{file.format(side)}" for side in ("generator", "critic")}
    run("-o", f"init={json.dumps(sources)}", out="begun")
    assert json.loads(Path("begun/env.json").read_text())["init"] == {side: sha256_of(Path(path))[:12] for side, path in sources.items()}
    told = [text for _, text in read_record(Path("begun")).warnings]
    assert all(f"{side}.activation: relu, now leaky_relu" in text for side, text in zip(sources, told, strict=True))
    assert invoke(["sample", "begun", "--weights", sources["generator"]]) == 0
    assert "otherwise than this run's generator: generator.activation: relu, now leaky_relu" in capsys.readouterr().err
    facts = {"class_names": ["ape", "cat"]}
    assert differing(facts, "critic", {}, ("cat", "dog")) == ["classes: ape, cat, now cat, dog"]
    assert differing(facts, "critic", {}, ("ape", "cat")) == differing(facts, "critic", {}) == []


@pytest.mark.parametrize(
    ("file", "lose", "said"),
    [
        ("metrics.jsonl", Path.unlink, "metrics.jsonl is gone, and what it told of the run before step 4"),
        ("env.json", Path.unlink, "env.json is gone, and what it told of the run before step 4"),
        (
            "metrics.jsonl",
            lambda path: path.write_text("".join(path.read_text().splitlines(True)[:5])),
            "metrics.jsonl ends at step 2, the run went on to step 4",
        ),
    ],
)
def test_a_record_that_is_gone_is_told_on_the_terminal_and_in_the_new_one(file, lose, said, capsys):
    run()
    identity = state_of("out")["run"]
    lose(Path("out", file))
    run("--resume", "-o", "train.steps=6")
    assert said in capsys.readouterr().err
    record = read_record(Path("out"))
    assert any(said in text for _, text in record.warnings)
    assert any(said in text for _, text in record.changes)
    assert state_of("out")["run"] == identity == json.loads(Path("out/env.json").read_text())["run"]


# Starts.


def test_each_start_has_an_entry_and_the_first_environment_stays(monkeypatch, capsys):
    torch.set_num_threads(1)
    run("-o", "train.steps=2")
    first = Path("out/env.json").read_bytes()
    run("--resume", "-o", "train.threads=2")
    assert Path("out/env.json").read_bytes() == first
    record = read_record(Path("out"))
    assert [start.step for start in record.starts] == [0, 2]
    assert [start.environment["runtime"]["threads"] for start in record.starts] == [1, 2]
    assert record.changes == [(2, "train.steps: 2, now 4"), (2, "train.threads: null, now 2"), (2, "threads was 1, is 2")]
    assert any("resuming elsewhere (threads was 1, is 2)" in text for _, text in record.warnings)


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core")
def test_a_run_goes_on_with_the_threads_that_it_was_begun_with():
    torch.set_num_threads(2)
    run("-o", "train.steps=2")
    torch.set_num_threads(1)
    run("--resume")
    record = read_record(Path("out"))
    assert [start.environment["runtime"]["threads"] for start in record.starts] == [2, 2]
    assert record.changes == [(2, "train.steps: 2, now 4")]


def test_the_recipe_that_a_run_was_first_started_from_stays():
    run("-o", "train.steps=2")
    first = Path("out/recipe.yaml").read_bytes()
    Path("other.yaml").write_text(RECIPE + "# another file\n")
    run("--resume", config="other.yaml")
    assert Path("out/recipe.yaml").read_bytes() == first


def test_a_run_goes_on_without_the_file_that_it_was_initialised_from():
    run()
    shutil.copy("out/weights/critic.safetensors", "critic.safetensors")
    run("-o", "init={critic: critic.safetensors}", out="other")
    Path("critic.safetensors").unlink()
    run("--resume", "-o", "init={critic: critic.safetensors}", "-o", "train.steps=6", out="other")


def test_another_version_of_python_is_told(monkeypatch):
    run()
    monkeypatch.setattr(platform, "python_version", lambda: "3.99.0")
    run("--resume", "-o", "train.steps=6")
    assert any(text.endswith(", is 3.99.0") for _, text in read_record(Path("out")).changes)


# The rate of images.


def test_the_rate_of_images_counts_training_alone(monkeypatch):
    """With a metric that takes 0.2 s after each step of a millisecond, the rate was 40 images a second."""
    import time

    measure = Evaluations._measure
    monkeypatch.setattr(Evaluations, "_measure", lambda *words: (time.sleep(0.2), measure(*words))[1])
    run("-o", "metrics=[{name: modes, samples: 50, every: 1}]", "-o", "log.every=1", "-o", "checkpoint.every=1", "-o", "train.steps=6")
    rates = [values["images_per_second"] for values in read_record(Path("out")).logs.values()]
    assert sorted(rates)[3] > 160
