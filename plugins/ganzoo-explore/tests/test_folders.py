"""Pictures in one folder measured against those in another; and data that has moved since a run was trained on it."""

import json

import numpy as np
import pytest
from ganzoo_explore.targets import find_targets
from PIL import Image

from ganzoo import UserError
from ganzoo.cli import invoke

FACES = """
data: {name: folder, root: a, size: 16}
generator: {name: mlp, hidden: [8], latent_dim: 2}
critic: {name: mlp, hidden: [8]}
loss: least_squares
train: {steps: 1, batch_size: 8, device: cpu, threads: 1}
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("a", "b")):
        paint(tmp_path / name, 60, seed)
    return tmp_path


def paint(folder, count, seed, size=16):
    folder.mkdir()
    for i, pixels in enumerate(np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), np.uint8)):
        Image.fromarray(pixels).save(folder / f"{i:03}.png")


def measure(capsys, *arguments):
    capsys.readouterr()
    assert invoke(["eval", "-m", "sliced_wasserstein", "--json", "-q", *arguments]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)[0]["values"]


def test_two_folders_are_measured_with_all_their_pictures(capsys):
    found = measure(capsys, "--images", "a", "--against", "b")
    assert found["swd"] > 0
    assert (found["provenance"]["samples"], found["provenance"]["real_samples"]) == (60, 60)
    assert found["provenance"]["shape"] == "3x16x16"
    assert found["provenance"]["images"].startswith("a ")
    assert measure(capsys, "--images", "a", "--against", "a")["swd"] == pytest.approx(0, abs=1e-9)
    assert measure(capsys, "--images", "a", "--against", "b", "-o", "data.size=32", "-o", "samples=32")["provenance"]["shape"] == "3x32x32"


def test_pictures_that_are_not_read_are_counted(here, capsys):
    (here / "a/photo.heic").touch()
    (here / "photos").mkdir()
    (here / "photos/1.jxl").touch()
    for name in ("a", "photos"):
        invoke(["eval", "-m", "sliced_wasserstein", "-q", "--images", name, "--against", "b"])
    assert find_targets([here / "a"], here / "out")[0][0] == here / "a/000.png"
    said = capsys.readouterr().err
    assert said.count("a: passed over 1 .heic, which are not read here") == 2
    assert "no pictures in " + str(here / "photos but 1 .jxl") in said
    with pytest.raises(UserError, match=r"--from: no pictures in .*photos but 1 \.jxl"):
        find_targets([here / "photos"], here / "out")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-m", "sliced_wasserstein", "--images", "a"], "name a run, or --images FOLDER --against FOLDER"),
        (["-m", "sliced_wasserstein", "--images", "a", "--against", "b", "--weights", "w"], "name a run, or --images"),
        (["-m", "sliced_wasserstein"], "name a run, or --images"),
        (["-m", "sliced_wasserstein", "--images", "a", "--against", "large"], "resize both: -o data.size=N"),
        (["-m", "sliced_wasserstein", "--images", "mixed", "--against", "b"], "not all of one size"),
        (["-m", "sliced_wasserstein", "--images", "a", "--against", "b", "-o", "samples=61"], "set samples to at most 60"),
        (["-m", "modes", "--images", "a", "--against", "b"], "modes"),
    ],
)
def test_what_cannot_be_measured_is_one_line(arguments, said, here, capsys):
    paint(here / "large", 3, 3, size=32)
    paint(here / "mixed", 3, 4)
    Image.new("RGB", (8, 8)).save(here / "mixed/z.png")
    assert invoke(["eval", "-q", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_data_that_has_moved_is_named_where_it_lies_now(here, capsys):
    (here / "faces.yaml").write_text(FACES)
    assert invoke(["run", "faces.yaml", "--out", "run", "-q"]) == 0
    before = measure(capsys, "run", "-o", "samples=32")
    (here / "a").rename(here / "moved")
    assert invoke(["eval", "run", "-m", "sliced_wasserstein", "-q"]) == 2
    assert measure(capsys, "run", "-o", "samples=32", "-o", "data.root=moved") == before
    assert invoke(["neighbours", "run", "--samples", "5", "-q", "-o", "data.root=moved"]) == 0
    assert invoke(["sample", "run", "-n", "2", "-o", "data.root=moved"]) == 0
    assert invoke(["sample", "run", "-n", "2", "-o", "train.seed=1"]) == 2
    assert "only where its data lies can be set" in capsys.readouterr().err
    assert invoke(["eval", "run", "-m", "sliced_wasserstein", "-q", "-o", "data.root=b", "-o", "samples=32"]) == 0
    assert "content has changed" in capsys.readouterr().err
