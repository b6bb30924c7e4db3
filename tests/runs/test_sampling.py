"""Samples come in the data's own units, as a pure function of the seed."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo.cli import invoke
from ganzoo.engine.sampling import generate, make_inputs
from ganzoo.errors import UserError
from ganzoo.registry import Registry
from ganzoo.runs.trained import load_trained


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


# What is written.


def test_images_are_uint8_with_labels_sorted_by_class(runs, sample):
    made = sample(runs / "digits", n=25)
    assert made.keys() == {"sample", "label"}
    assert (made["sample"].shape, made["sample"].dtype) == ((25, 1, 28, 28), np.uint8)
    assert made["label"].dtype == np.int64
    assert made["label"].tolist() == [i * 10 // 25 for i in range(25)]
    assert sample(runs / "digits", n=1)["sample"].shape == (1, 1, 28, 28)


def test_points_are_float32_in_the_datas_own_units(runs, sample):
    made = sample(runs / "ring", n=300)  # more than one batch
    assert made.keys() == {"sample"}
    assert (made["sample"].shape, made["sample"].dtype) == ((300, 2), np.float32)
    trained = load_trained(runs / "ring", None, Registry.installed())
    scale = json.loads((runs / "ring/env.json").read_text())["data"]["scale"]
    assert scale == pytest.approx(0.7072, rel=1e-3)  # the ring's standard deviation, which training divides by
    torch.manual_seed(0)
    wanted = trained.generator.eval()(torch.randn(300, 2))["sample"].detach().numpy() * scale
    np.testing.assert_allclose(made["sample"], wanted, rtol=1e-5, atol=1e-7)


def test_samples_are_a_function_of_the_seed(runs, sample):
    first, again, other = (sample(runs / "digits", "--seed", seed)["sample"] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    torch.manual_seed(99)
    assert np.array_equal(first, sample(runs / "digits", "--seed", 1)["sample"])


def test_sampling_leaves_the_random_state_and_the_mode_alone(runs):
    trained = load_trained(runs / "digits", None, Registry.installed())
    state = torch.get_rng_state()
    trained.generator.train()
    trained.sample(4, 0)
    assert torch.equal(state, torch.get_rng_state())
    assert trained.generator.training


def test_one_class_can_be_asked_for(runs, sample, refused):
    made = sample(runs / "digits", "--label", 7)
    assert made["label"].tolist() == [7] * 20
    of_all = sample(runs / "digits")
    assert not np.array_equal(made["sample"][0], of_all["sample"][0])  # the same latent, another class
    assert "label 10 cannot be asked for: there are 10 classes, from 0; leave it out" in refused(runs / "digits", "--label", 10)
    assert "label -1" in refused(runs / "digits", "--label", -1)
    assert "--label: label 0 cannot be asked for: this generator takes no label" in refused(runs / "ring", "--label", 0)


def test_pictures(runs, capsys):
    assert invoke(["sample", str(runs / "digits"), "-n", "20", "--png", "grid.png", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"n": 20, "seed": 0, "files": ["grid.png"]}
    with Image.open("grid.png") as grid:
        assert grid.height > 4 * grid.width  # ten rows of two: a row a class
    assert invoke(["sample", str(runs / "digits"), "-n", "16", "--label", "3", "--png", "threes.png"]) == 0
    capsys.readouterr()
    with Image.open("threes.png") as grid:
        assert grid.height == grid.width  # one class alone makes no rows
    assert invoke(["sample", str(runs / "ring")]) == 0
    assert capsys.readouterr().out == f"{runs / 'ring' / 'samples.png'}\n"
    with Image.open(runs / "ring/samples.png") as cloud:
        assert cloud.width > 100
    assert invoke(["sample", str(runs / "ring"), "--png", "a.png", "--npz", "a.npz"]) == 0
    assert capsys.readouterr().out.split() == ["a.npz", "a.png"]


def test_batches_of_samples_join_seamlessly(runs):
    trained = load_trained(runs / "digits", None, Registry.installed())
    inputs = make_inputs(trained.generator, trained.data, 7, seed=0)
    whole, parts = (generate(trained.generator, inputs, trained.data, trained.runtime, seed=(0,), batch=size) for size in (7, 2))
    assert np.abs(whole.astype(int) - parts.astype(int)).max() <= 1


def test_truncation_brings_samples_nearer_to_each_other(runs, sample):
    plain, cut = sample(runs / "digits", n=50), sample(runs / "digits", "--truncation", 0.1, n=50)
    spread = [made["sample"].astype(float).reshape(10, 5, -1).std(axis=1).mean() for made in (plain, cut)]
    assert spread[1] < 0.3 * spread[0]
    assert (cut["label"] == plain["label"]).all()


@pytest.mark.parametrize("value", ["0", "-1", "nan"])
def test_truncation_must_be_positive(value, runs, refused):
    assert "--truncation: the prior cannot be cut off" in refused(runs / "digits", f"--truncation={value}")


def test_per_class_gives_every_class_its_row(runs, capsys):
    assert invoke(["sample", str(runs / "digits"), "--per-class", "3", "--npz", "s.npz", "--png", "s.png"]) == 0
    with np.load("s.npz", allow_pickle=False) as arrays:
        assert arrays["label"].tolist() == [i // 3 for i in range(30)]
    with Image.open("s.png") as picture:
        grid = (3 * 58 + 2, 10 * 58 + 2)
        assert picture.height == grid[1]
        assert grid[0] < picture.width < grid[0] + 58  # the names before it
        names = np.asarray(picture)[:, : picture.width - grid[0]]
    assert len({names[2 + 58 * i : 60 + 58 * i].tobytes() for i in range(10)}) == 10


def test_per_class_refuses_what_it_cannot_do(runs, refused):
    assert "takes no label" in refused(runs / "ring", "--per-class", 2)
    assert "cannot be combined with -n" in refused(runs / "digits", "--per-class", 2, "-n", 5)
    assert "cannot be combined with --label" in refused(runs / "digits", "--per-class", 2, "--label", 0)


def test_a_class_is_asked_for_by_its_name_or_its_number(runs, sample, refused):
    trained = dataclasses.replace(load_trained(runs / "digits", None, Registry.installed()), class_names=("zero", "one", "two"))
    assert trained.label_of("two") == 2
    assert trained.label_of("1") == 1
    assert trained.label_of(None) is None
    with pytest.raises(UserError, match="there is no class 'tow'; did you mean 'two'"):
        trained.label_of("tow")
    assert "there is no class 'seven'" in refused(runs / "digits", "--label", "seven")


def test_a_png_for_each_sample_is_the_image_itself(runs, sample, tmp_path):
    arrays = sample(runs / "digits", n=10)
    assert invoke(["sample", str(runs / "digits"), "-n", "10", "--out", str(tmp_path / "each")]) == 0
    written = sorted((tmp_path / "each").iterdir())
    assert [path.name for path in written] == [f"{i:05d}-{i}.png" for i in range(10)]
    assert all(np.array_equal(np.asarray(Image.open(path)), one[0]) for path, one in zip(written, arrays["sample"], strict=True))
    assert invoke(["sample", str(runs / "ring"), "-n", "3", "--out", str(tmp_path / "points")]) == 2


def test_a_run_keeps_how_many_samples_each_class_has_in_the_order_of_their_numbers(runs):
    counts = json.loads((runs / "digits/env.json").read_text())["classes"]
    assert list(counts) == list("0123456789")
    assert sum(counts.values()) == 10_000
    assert "0 (980), 1 (1,135)" in (runs / "digits/report.html").read_text()
