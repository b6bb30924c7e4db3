"""The shipped systems from picture to picture, small, on drawn shapes: trained, resumed, measured, packed, exported, and used."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from ganzoo.cli import invoke

SMALL = {
    "ganzoo-pix2pix:outlines": (),
    "ganzoo-cyclegan:tinted": ("generator.blocks=1", *(f"loss.{i}.size=6" for i in (4, 5))),
    "ganzoo-pixeldt:scene": (),
}
"""A recipe to what makes it smaller than widths do."""
RELATIVE = {"of_constant", "of_source", "l1"}
NUMBERS = {"outlines": RELATIVE, "tinted": RELATIVE, "scene": {"right", "shape", "colour"}}
"""What each is measured by, on held-out pairs."""


def options(recipe):
    """As a run of eight steps on few pictures."""
    train = ("train.steps=8", "train.batch_size=4", "train.threads=1", "train.device=cpu", "checkpoint.every=4", "sample.every=4")
    settings = (*train, "sample.count=3", "data.count=24", "generator.width=4", "critic.width=4", *SMALL[recipe])
    return [word for setting in settings for word in ("-o", setting)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    root = tmp_path_factory.mktemp("systems")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(root / "state"))
        for recipe in SMALL:
            assert invoke(["run", recipe, "-q", "--out", str(root / recipe), *options(recipe)]) == 0
        yield root


def weights_of(run):
    files = {side: load_file(run / f"weights/{side}.safetensors") for side in ("generator", "critic")}
    return {(side, key): value for side, state in files.items() for key, value in state.items()}


@pytest.mark.parametrize("recipe", SMALL)
def test_resumed_in_the_middle_it_ends_bit_for_bit_as_it_did(trained, recipe, tmp_path):
    again = tmp_path / "run"
    shutil.copytree(trained / recipe, again)
    whole = weights_of(again)
    (again / "checkpoints/step-00000008.ckpt").unlink()
    shutil.rmtree(again / "weights")
    assert invoke(["run", recipe, "-q", "--resume", "--out", str(again), *options(recipe)]) == 0
    resumed = weights_of(again)
    assert resumed.keys() == whole.keys()
    assert all(torch.equal(resumed[key], value) for key, value in whole.items())


@pytest.mark.parametrize("recipe", SMALL)
def test_held_out_pairs_were_measured(trained, recipe):
    events = [json.loads(line) for line in (trained / recipe / "metrics.jsonl").read_text().splitlines()]
    (evaluated,) = [event["values"] for event in events if event["event"] == "evaluated"]
    assert evaluated.keys() - {"provenance"} == NUMBERS[recipe.partition(":")[2]]
    assert (evaluated["provenance"]["pairs"], evaluated["provenance"]["split"]) == (6, "test")


def test_pictures_without_pairs_are_not_measured_as_pairs(trained, capsys):
    assert invoke(["eval", str(trained / "ganzoo-cyclegan:tinted"), "-m", "relative_l1"]) == 2
    assert "nothing that the generator is given is paired with 'sample'" in capsys.readouterr().err


WAYS = [*((recipe, None) for recipe in SMALL), ("ganzoo-cyclegan:tinted", "back")]


@pytest.mark.parametrize(("recipe", "route"), WAYS)
def test_a_folder_is_translated_by_run_pack_and_export_alike(trained, recipe, route, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # no training data is needed
    (tmp_path / "photos").mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    Image.fromarray(noise).save("photos/wide.png")
    Image.fromarray(noise[:, :30]).save("photos/tall.jpg")
    run, pack, onnx = trained / recipe, trained / f"{recipe}-pack", trained / f"{recipe}.onnx"
    if not pack.exists():
        assert invoke(["pack", str(run), "--out", str(pack)]) == 0
        assert invoke(["export", str(run), "--out", str(onnx)]) == 0
    found = []
    for i, source in enumerate([run, pack, *([] if route else [onnx])]):
        asked = ["sample", str(source), "--from", "photos", "--out", f"out{i}", *(["--route", route] if route else [])]
        assert invoke(asked) == 0
        found.append({path.name: np.asarray(Image.open(path)).astype(int) for path in Path(f"out{i}").iterdir()})
        assert found[-1].keys() == {"wide.png", "tall.png"}
        assert all(picture.shape == (32, 32, 3) for picture in found[-1].values())
    assert all(np.abs(other[name] - picture).max() <= 1 for other in found[1:] for name, picture in found[0].items())
