"""Digits with attributes, what judges their changes, and a run that changes them."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from ganzoo_icgan.digits import AttributedDigits
from ganzoo_icgan.metric import ChangedDigits
from ganzoo_icgan.thickness import MEDIAN, is_thick, thickness
from PIL import Image
from safetensors.torch import load_file

from ganzoo import Cache, DataSpec, UserError, load
from ganzoo.cli import invoke
from ganzoo.data import Digits


def read(**more):
    return AttributedDigits(**more).arrays(Cache(Path("unused")))


@pytest.fixture(scope="module")
def halves():
    return {split: read(split=split) for split in ("train", "test")}


def test_digits_have_the_attributes_of_their_class_and_thickness(halves) -> None:
    bundled = Digits().arrays(Cache(Path("unused")))
    assert [len(half["label"]) for half in halves.values()] == [8000, 2000]
    assert np.array_equal(halves["test"]["sample"], bundled["sample"][4::5])
    signs = halves["test"]["attributes"]
    assert np.array_equal(signs[:, :10].argmax(axis=1), bundled["label"][4::5])
    assert (signs[:, :10].sum(axis=1) == -8).all()
    assert np.array_equal(signs[:, 10] > 0, is_thick(torch.from_numpy(halves["test"]["sample"])))
    assert thickness(torch.from_numpy(bundled["sample"])[:, 0]).median().item() == pytest.approx(MEDIAN, abs=0.005)


def test_every_change_is_one_that_the_digit_can_undergo_and_half_are_of_the_class(halves) -> None:
    half = halves["train"]
    of_class = half["label"] < 10
    assert of_class.mean() == pytest.approx(0.5, abs=0.02)
    assert (half["attributes"][of_class, half["label"][of_class]] == -1).all()
    assert np.array_equal(half["label"][~of_class] == 11, half["attributes"][~of_class, 10] < 0)
    assert not np.array_equal(half["label"], read(seed=1)["label"])
    assert np.array_equal(half["label"], read(size=32)["label"])


@pytest.mark.parametrize("wide", [3, 6])
def test_thickness_is_that_of_a_stroke_whatever_its_grey_is(wide) -> None:
    stroke = torch.zeros(2, 28, 28, dtype=torch.uint8)
    stroke[:, 4:24, 8 : 8 + wide] = torch.tensor([255, 100])[:, None, None]
    area, outline = 20 * wide, 2 * (20 + wide)
    assert thickness(stroke).tolist() == pytest.approx([2 * area / outline] * 2, rel=0.03)


class Changed:
    """What the metric looks at: made digits beside what they were."""

    def __init__(self, made, pairs):
        self.both = {**pairs, "sample": made}

    def pairs(self, n, split):
        yield self.both


DATA = DataSpec({"sample": (1, 28, 28), "attributes": (11,), "label": ()}, 12)


def test_the_metric_knows_each_kind_of_fault(halves) -> None:
    arrays = {name: torch.from_numpy(np.array(value[:400])) for name, value in halves["test"].items()}
    were = arrays.pop("sample").float() / 127.5 - 1
    pairs = {**arrays, "target": were}
    left = ChangedDigits(DATA).measure(Changed(were, pairs))  # nothing was changed at all
    assert left["of_random"] == left["of_random_class"] == left["thickness"] == 0
    assert min(left["kept_class"], left["kept_thickness"]) > 0.97
    assert left["class"] < 0.02
    # Asked for is what the next one is: another's picture is right, and as far as a random one.
    signs = arrays["attributes"].roll(-1, 0)
    asked = torch.where(torch.arange(400) % 2 == 0, signs[:, :10].argmax(dim=1), 10 + (signs[:, 10] > 0).long())
    right = ChangedDigits(DATA).measure(Changed(were.roll(-1, 0), {**pairs, "label": asked}))
    assert min(right["class"], right["thickness"], right["recognised"]) > 0.97
    assert (right["of_random"] + right["of_random_class"]) / 2 == pytest.approx(1)
    with pytest.raises(UserError, match="judges changes of the data set 'attributed_digits'"):
        ChangedDigits(DataSpec({"sample": (1, 28, 28), "label": ()}, 10))


SETTINGS = (
    *("train.steps=8", "train.batch_size=8", "train.threads=1", "train.device=cpu", "checkpoint.every=3", "checkpoint.keep=4"),
    *("generator.width=2", "generator.encoder_width=2", "generator.latent_units=4", "generator.attribute_units=4", "critic.width=2"),
    *("schedule.share=0.5", "sample.every=8", "metrics.0.samples=50"),
)
RUN = ["run", "ganzoo-icgan:digits", "-q", *(word for setting in SETTINGS for word in ("-o", setting))]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("icgan")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        assert invoke([*RUN, "--out", str(folder / "run")]) == 0
        yield folder / "run"


def weights(run):
    return {side + key: v for side in ("generator", "critic") for key, v in load_file(run / f"weights/{side}.safetensors").items()}


@pytest.mark.parametrize("kept", [3, 6])
def test_resumed_in_either_phase_it_ends_bit_for_bit_as_it_did(trained, kept, tmp_path) -> None:
    again, whole = tmp_path / "run", weights(trained)
    shutil.copytree(trained, again)
    for later in (again / "checkpoints").iterdir():
        if int(later.stem.rpartition("-")[2]) > kept:
            later.unlink()
    assert invoke([*RUN, "--resume", "--out", str(again)]) == 0
    assert all(torch.equal(value, whole[name]) for name, value in weights(again).items())


def test_a_folder_of_pictures_is_changed_as_the_label_says(trained, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    Path("digits").mkdir()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 30), np.uint8)).save("digits/a.png")
    assert invoke(["sample", str(trained), "--from", "digits", "--label", "thick", "--out", "thick"]) == 0
    assert Image.open("thick/a.png").size == (32, 32)
    picture = torch.zeros(1, 1, 32, 32)
    seven, thick = (load(trained)(sample=picture, label=torch.tensor([label]))["sample"] for label in (7, 11))
    assert not torch.equal(seven, thick)
    assert invoke(["sample", str(trained), "--from", "digits", "--route", "encode_latent", "--out", "codes"]) == 0
    assert np.load("codes/a.npz")["latent"].shape == (16,)
    capsys.readouterr()
    assert invoke(["sample", str(trained), "--from", "digits", "--label", "Thick", "--out", "out"]) == 2
    assert "there is no class 'Thick': did you mean 'thick'?" in capsys.readouterr().err.replace(";", ":")


def test_samples_show_each_digit_beside_what_was_made_of_it_and_nothing_twice(trained, tmp_path) -> None:
    size = (8 * 34 + 2, 6 * 34 + 2)  # 24 pairs
    assert Image.open(trained / "samples/step-00000008.png").size == size
    assert invoke(["sample", str(trained), "-n", "24", "--npz", str(tmp_path / "a.npz"), "--png", str(tmp_path / "a.png")]) == 0
    assert Image.open(tmp_path / "a.png").size == size
    arrays = np.load(tmp_path / "a.npz")
    assert sorted(np.unique(arrays["label"])) == list(range(12))
    tested = {digit.tobytes() for digit in read(size=32)["sample"]}
    assert not {made.tobytes() for made in arrays["sample"]} & tested  # what is written is what was made
