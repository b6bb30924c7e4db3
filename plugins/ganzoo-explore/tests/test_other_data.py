"""Data has a fingerprint, which checkpoints and weights keep: other data is refused or told."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo import Dataset
from ganzoo.cli import invoke
from ganzoo.rundir import checkpoint, read_record
from ganzoo.rundir.weights import metadata

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
    Path("pictures.yaml").write_text(PICTURES)


def draw(name, count, seed):
    random = np.random.default_rng(seed)
    Path("pictures", name).mkdir(parents=True, exist_ok=True)
    for i in range(count):
        Image.fromarray(random.integers(0, 256, (16, 16), dtype=np.uint8)).save(f"pictures/{name}/{i}.png")


@pytest.fixture
def pictures():
    draw("a", 4, 0)
    draw("b", 4, 1)
    assert invoke(["run", "pictures.yaml", "--out", "out", "--quiet"]) == 0


def resume(code=0):
    assert invoke(["run", "pictures.yaml", "--out", "out", "--quiet", "--resume", "-o", "train.steps=4"]) == code


def test_the_checkpoint_and_the_weights_keep_the_fingerprint_of_the_data(pictures):
    kept = checkpoint.load(Path("out/checkpoints"), print)[1]["data"]
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


def test_another_form_is_refused_on_resume(pictures, monkeypatch, capsys):
    monkeypatch.setattr(Dataset, "scale", 2.0)
    resume(code=2)
    assert "the data was sample 1x16x16, label numbers; classes 2; scale 1.0, and is now" in capsys.readouterr().err


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
