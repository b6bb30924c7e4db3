"""Runs on a folder of pictures: grids with the names of its classes; and data that has moved since."""

import pytest
from PIL import Image

from ganzoo.cli import invoke

CONFIG = """
data: {name: folder, root: data, size: 8}
generator: {name: mlp, hidden: [4], latent_dim: 2}
critic: {name: mlp, hidden: [4]}
loss: non_saturating
train: {steps: 2, batch_size: 4, device: cpu, threads: 1}
"""


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Run the command in a folder with a run and its data, and return its exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "c.yaml").write_text(CONFIG)
    paint(tmp_path / "data")
    assert invoke(["run", "c.yaml", "--out", "run", "-q"]) == 0
    return lambda *words: invoke(list(words))


def paint(folder, brighter=0):
    folder.mkdir()
    for i in range(4):
        Image.new("RGB", (8, 8), (10 * i + brighter,) * 3).save(folder / f"{i}.png")


def test_a_run_goes_on_where_its_data_has_moved_and_other_data_is_told(command, tmp_path, capsys):
    resume = ("run", "c.yaml", "--out", "run", "--resume", "-o", "train.steps=3", "-o")
    assert command(*resume, "data.root=./data") == 0
    assert "changed beside the training: data.root: data, now ./data" in capsys.readouterr().err
    (tmp_path / "data").rename(tmp_path / "moved")
    paint(tmp_path / "other", brighter=100)
    resume = (*resume[:-2], "train.steps=4", "-o")
    assert command(*resume, "data.root=moved") == 2
    assert "or add --change data.root" in capsys.readouterr().err
    assert command(*resume, "data.root=moved", "--change", "data.root") == 0
    assert "other data" not in capsys.readouterr().err
    resume = (*resume[:-2], "train.steps=5", "-o")
    assert command(*resume, "data.root=other", "--change", "data.root") == 0
    assert "from here on the run trains on other data than before" in capsys.readouterr().err


def test_a_key_that_the_data_does_not_have_is_refused(command, capsys):
    assert command("sample", "run", "-n", "1", "-o", "data.rot=moved") == 2
    assert "did you mean 'root'" in capsys.readouterr().err
    assert command("sample", "run", "-n", "1", "-o", "data.root=moved") == 0


def test_grids_name_their_rows_in_training_as_afterwards(tmp_path, monkeypatch):
    pytest.importorskip("ganzoo_cgan")
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    for name in ("cat", "dog"):
        paint(tmp_path / "data" / name)
    small = "latent_units: 4, label_units: 4, joint_units: 4, dropout: 0.0"
    networks = f"generator: {{name: cgan_mlp, latent_dim: 2, {small}}}\ncritic: {{name: mlp, hidden: [4]}}\nloss: non_saturating\n"
    rest = "train: {batch_size: 2, steps: 1, device: cpu, threads: 1}\nsample: {count: 4}\n"
    (tmp_path / "c.yaml").write_text(f"data: {{name: folder, root: {tmp_path / 'data'}, size: 28}}\n{networks}{rest}")
    run = tmp_path / "run"
    assert invoke(["run", str(tmp_path / "c.yaml"), "--out", str(run), "-q"]) == 0
    assert invoke(["sample", str(run), "--per-class", "2"]) == 0
    trained, sampled = (Image.open(run / name).size for name in ("samples/step-00000001.png", "samples.png"))
    assert trained == sampled
    assert trained[0] > trained[1]  # two columns and two rows, and the names
