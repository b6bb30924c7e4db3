"""The commands: what each prints, with and without --json, and the exact contents of a run directory."""

import json
from pathlib import Path

import pytest
import torch
import yaml
from PIL import Image
from safetensors.torch import load_file

from ganzoo.cli import invoke
from ganzoo.registry import Registry

ROOT = Path(__file__).parents[2]
RECIPE = """\
# A generator for the test.
data: {name: digits, size: 28}
generator: {name: dcgan, width: 4, latent_dim: 4}
critic: {name: dcgan, width: 4, norm: batch}
loss: non_saturating
train: {steps: 10, batch_size: 8, seed: 3, ema: 0.9, device: cpu, threads: 1}
log: {every: 5}
sample: {every: 5, count: 9}
checkpoint: {every: 4, keep: 2}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Every test works in an empty folder."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    (work / "tiny.yaml").write_text(RECIPE)
    return work


def listed(path):
    return sorted(str(p.relative_to(path)) for p in path.rglob("*") if p.is_file())


def lines(path):
    return [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]


# Help and version.


def test_version(ganzoo):
    assert ganzoo("--version") == f"ganzoo {Registry.installed().plugins[0].version}\n"


def test_check_takes_one_step_and_writes_nothing(ganzoo, folder):
    before = listed(folder)
    text = ganzoo("check", "tiny.yaml")
    assert text.startswith("tiny.yaml: fits\n")
    assert "sample (1, 28, 28)" in text
    found = json.loads(ganzoo("check", "tiny.yaml", "--json", "-o", "loss=[non_saturating, least_squares]", code=2))
    assert found["fits"] is False
    found = json.loads(ganzoo("check", "tiny.yaml", "--json"))
    assert found["fits"] is True
    assert found["parameters"]["generator"] > 0
    assert "critic/adversarial" in found["first_step"]
    assert listed(folder) == before


# A run.


def test_a_run_leaves_exactly_these_files(ganzoo, folder):
    printed = ganzoo("run", "tiny.yaml", "--out", "run")
    run = folder / "run"
    assert printed.splitlines() == ["samples: run/samples/step-00000010.png", "report: run/report.html", "weights: run/weights"]
    assert listed(run) == [
        ".lock",
        "checkpoints/step-00000008.ckpt",
        "checkpoints/step-00000010.ckpt",
        "config.yaml",
        "env.json",
        "metrics.jsonl",
        "recipe.yaml",
        "report.html",
        "samples/step-00000000.png",
        "samples/step-00000005.png",
        "samples/step-00000010.png",
        "weights/critic.safetensors",
        "weights/generator.safetensors",
    ]
    assert (run / "recipe.yaml").read_text() == RECIPE
    resolved = yaml.safe_load((run / "config.yaml").read_text())
    assert resolved["generator"] | {"init_std": 0.02, "norm": "batch"} == resolved["generator"]
    assert resolved["generator"]["name"] == "ganzoo-dcgan/dcgan"
    assert resolved["versions"].keys() == {"ganzoo-core", "ganzoo-dcgan", "ganzoo-vanilla"}
    environment = json.loads((run / "env.json").read_text())
    told = {"fields": {"sample": [1, 28, 28], "label": []}, "classes": 10, "scale": 1.0}
    assert environment["data"] == {**told, "hash": environment["data"]["hash"]}
    assert environment["versions"]["torch"] == torch.__version__
    events = [(line["event"], line.get("step")) for line in lines(run)]
    assert events[0] == ("checkpoint", 0)  # the trial save, before the first step
    assert [step for event, step in events if event == "log"] == [5, 10]
    assert [step for event, step in events if event == "samples"] == [0, 5, 10]
    assert [step for event, step in events if event == "checkpoint"] == [0, 4, 8, 10]
    assert events[-1] == ("finished", 10)
    logged = next(line for line in lines(run) if line["event"] == "log")
    assert {
        "critic/adversarial",
        "generator/adversarial",
        "critic/gradient_norm",
        "critic/real_score",
        "critic/fake_score",
    } <= logged.keys()
    with Image.open(run / "samples/step-00000010.png") as picture:
        assert picture.size >= (3 * 28, 3 * 28)


def test_the_grid_is_drawn_from_a_fixed_latent(ganzoo, folder):
    """With a learning rate of almost zero, and no batch norm whose statistics move, the pictures stay the same."""
    still = "{name: adam, lr: 1e-30}"
    networks = ["-o", "generator={name: mlp, hidden: [8], norm: none}", "-o", "critic={name: mlp, hidden: [8]}"]
    rates = ["-o", f"optimizer.generator={still}", "-o", f"optimizer.critic={still}"]
    ganzoo("run", "tiny.yaml", "--out", "run", *networks, *rates)
    pictures = [path.read_bytes() for path in sorted((folder / "run/samples").iterdir())]
    assert len(pictures) == 3
    assert len(set(pictures)) == 1
    ganzoo("run", "tiny.yaml", "--out", "moving", *networks, "-o", "optimizer.generator.lr=0.01")
    assert len({path.read_bytes() for path in (folder / "moving/samples").iterdir()}) == 3


def test_a_runs_own_config_gives_the_same_weights_bit_for_bit(ganzoo, folder):
    ganzoo("run", "tiny.yaml", "--out", "first", "-o", "train.steps=6")
    ganzoo("run", "first/config.yaml", "--out", "second")
    for name in ("generator", "critic"):
        a, b = (load_file(folder / run / f"weights/{name}.safetensors") for run in ("first", "second"))
        assert a.keys() == b.keys()
        assert all(torch.equal(a[key], b[key]) for key in a)
    assert (folder / "first/config.yaml").read_bytes() == (folder / "second/config.yaml").read_bytes()
    ganzoo("run", "first/config.yaml", "--out", "third", "-o", "train.seed=4")
    c = load_file(folder / "third/weights/generator.safetensors")
    a = load_file(folder / "first/weights/generator.safetensors")
    assert any(not torch.equal(a[key], c[key]) for key in a)


def test_runs_get_folders_of_their_own_and_resume_takes_the_last(ganzoo, folder):
    short = ["-o", "train.steps=1"]
    assert "runs/tiny/weights" in ganzoo("run", "tiny.yaml", *short)
    assert "runs/tiny-2/weights" in ganzoo("run", "tiny.yaml", *short)
    assert "runs/tiny-2/weights" in ganzoo("run", "tiny.yaml", "--resume", "-o", "train.steps=2")
    assert listed(folder / "runs/tiny/checkpoints") == ["step-00000000.ckpt", "step-00000001.ckpt"]
    assert listed(folder / "runs/tiny-2/checkpoints") == ["step-00000001.ckpt", "step-00000002.ckpt"]


def test_quiet_says_nothing(capsys):
    assert invoke(["run", "tiny.yaml", "--quiet", "-o", "train.steps=1"]) == 0
    assert capsys.readouterr() == ("", "")


def test_no_command_shows_the_help(ganzoo, capsys):
    text = ganzoo("--help")
    assert invoke([]) == 2
    assert capsys.readouterr().err == text
