"""The eight systems as they are shipped, but small: trained, resumed, measured, packed, exported, and used."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import ganzoo
from ganzoo.cli import invoke
from ganzoo.config import resolve_part
from ganzoo.fields import forward_inputs

FEW = "data.count=24"
SMALL = {
    "ganzoo-pix2pix:outlines": (FEW,),
    "ganzoo-cyclegan:tinted": (FEW, "generator.blocks=1", *(f"loss.{i}.size=6" for i in (4, 5))),
    "ganzoo-pixeldt:scene": (FEW,),
    "ganzoo-srgan:faces": (FEW, "generator.blocks=1", "critic.hidden=4"),
    "ganzoo-context-encoder:faces": (FEW, "generator.bottleneck=4"),
    "ganzoo-icgan:digits": (
        "metrics.0.samples=50",
        *(f"generator.{name}=4" for name in ("latent_dim", "encoder_width", "latent_units", "attribute_units")),
    ),
    "ganzoo-progan:faces": (FEW, "data.size=16", "generator.latent_dim=4", "schedule.grown=1.0"),
    "ganzoo-stackgan:described": (FEW, "data.size=16", "generator.blocks=1", "schedule.share=0.75"),
}
"""A recipe to what makes it smaller than widths do."""
PHASES = [f"ganzoo-{name}" for name in ("srgan:faces", "icgan:digits", "progan:faces", "stackgan:described")]
"""Those whose last four steps are not all of the phase that they are resumed in."""
SHOWN = {"ganzoo-icgan:digits": (32, 32)}
"""What a picture comes out as where that is not (32, 32, 3)."""
RELATIVE = {"of_constant", "of_source", "l1"}
NUMBERS = {"outlines": RELATIVE, "tinted": RELATIVE, "scene": {"right", "shape", "colour"}}
"""What each is measured by, on held-out pairs."""


def options(recipe):
    """As a run of eight steps on few pictures."""
    train = ("train.steps=8", "train.batch_size=4", "train.threads=1", "train.device=cpu", "checkpoint.every=4", "sample.every=4")
    settings = (*train, "sample.count=3", "generator.width=4", "critic.width=4", *SMALL[recipe])
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


def packed(trained, recipe):
    """The run's pack, made once."""
    pack = trained / f"{recipe}-pack"
    if not pack.exists():
        assert invoke(["pack", str(trained / recipe), "--out", str(pack)]) == 0
    return pack


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
    run = ganzoo.load(again).trained
    schedule = resolve_part(run.config, run.registry, "schedule", run.config.schedule, ("schedule",)).build(run.data)
    assert (schedule.plan(4, 8) != schedule.plan(7, 8)) == (recipe in PHASES)


@pytest.mark.parametrize("recipe", PHASES)  # of the others, pictures are compared below
def test_packed_and_exported_it_makes_the_same(trained, recipe, tmp_path):
    pack, file = packed(trained, recipe), tmp_path / "g.pt2"
    assert invoke(["export", str(trained / recipe), "--to", "torch", "--out", str(file)]) == 0
    run = ganzoo.load(trained / recipe)
    given = run.trained.inputs(3, seed=1)
    fields = {name: given[name] for name in forward_inputs(type(run.trained.generator)) if name not in run.trained.values}
    made = run(**fields)["sample"]
    assert torch.equal(ganzoo.load(pack)(**fields)["sample"], made)
    torch.testing.assert_close(torch.export.load(file).module()(*fields.values()), made, atol=made.std().item() / 1000, rtol=0)


@pytest.mark.parametrize("recipe", [f"ganzoo-{name}" for name in ("pix2pix:outlines", "cyclegan:tinted", "pixeldt:scene")])
def test_held_out_pairs_were_measured(trained, recipe):
    events = [json.loads(line) for line in (trained / recipe / "metrics.jsonl").read_text().splitlines()]
    (evaluated,) = [event["values"] for event in events if event["event"] == "evaluated"]
    assert evaluated.keys() - {"provenance"} == NUMBERS[recipe.partition(":")[2]]
    assert (evaluated["provenance"]["pairs"], evaluated["provenance"]["split"]) == (6, "test")


def test_pictures_without_pairs_are_not_measured_as_pairs(trained, capsys):
    assert invoke(["eval", str(trained / "ganzoo-cyclegan:tinted"), "-m", "relative_l1"]) == 2
    assert "nothing that the generator is given is paired with 'sample'" in capsys.readouterr().err


WAYS = [
    ("ganzoo-pix2pix:outlines", ""),
    ("ganzoo-cyclegan:tinted", ""),
    ("ganzoo-cyclegan:tinted", "--route back"),
    ("ganzoo-pixeldt:scene", ""),
    # An export to ONNX takes seconds; that of a hole shows what the others would, that inputs are made of a picture.
    pytest.param("ganzoo-srgan:faces", "", marks=pytest.mark.slow),
    ("ganzoo-context-encoder:faces", ""),
    pytest.param("ganzoo-icgan:digits", "--label thick", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("recipe", "more"), WAYS)
def test_a_folder_is_translated_by_run_pack_and_export_alike(trained, recipe, more, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # no training data is needed
    (tmp_path / "photos").mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    Image.fromarray(noise).save("photos/wide.png")
    Image.fromarray(noise[:, :30]).save("photos/tall.jpg")
    run, onnx = trained / recipe, trained / f"{recipe}.onnx"
    if not onnx.exists():
        assert invoke(["export", str(run), "--out", str(onnx)]) == 0
    found = []
    for i, source in enumerate([run, packed(trained, recipe), *([] if "--route" in more else [onnx])]):
        assert invoke(["sample", str(source), "--from", "photos", "--out", f"out{i}", *more.split()]) == 0
        found.append({path.name: np.asarray(Image.open(path)).astype(int) for path in Path(f"out{i}").iterdir()})
        assert found[-1].keys() == {"wide.png", "tall.png"}
        assert all(picture.shape == SHOWN.get(recipe, (32, 32, 3)) for picture in found[-1].values())
    assert all(np.abs(other[name] - picture).max() <= 1 for other in found[1:] for name, picture in found[0].items())
