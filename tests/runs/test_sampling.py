"""Samples come in the data's own units, as a pure function of the seed, from a run's weights or from anyone's, never from code."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from forked import ganzoo
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from small_runs import CONFIGS, train_both
from torch import nn

from ganzoo import Generator
from ganzoo.cli import invoke
from ganzoo.engine.sampling import columns_of, generate, make_inputs, to_units
from ganzoo.errors import UserError
from ganzoo.fields import DataSpec
from ganzoo.registry import Registry
from ganzoo.rundir.weights import load_into, read
from ganzoo.runs.trained import load_trained


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return train_both(tmp_path_factory.mktemp("runs"))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def sample(capsys):
    """``ganzoo sample`` into s.npz, as a dictionary of arrays."""

    def call(run, *arguments, n=20):
        assert invoke(["sample", str(run), "-n", str(n), "--npz", "s.npz", *map(str, arguments)]) == 0, capsys.readouterr().err
        with np.load("s.npz", allow_pickle=False) as arrays:
            return dict(arrays)

    return call


@pytest.fixture
def refused(capsys):
    """The one line that ``ganzoo sample`` refuses its arguments with."""

    def call(run, *arguments):
        code = invoke(["sample", str(run), "--npz", "refused.npz", *map(str, arguments)])
        err = capsys.readouterr().err
        assert code == 2, err
        assert err.count("\n") == 1
        assert err.startswith("ganzoo: error: ")
        assert not Path("refused.npz").exists()
        return err

    return call


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


def test_units_of_images_span_all_of_a_byte():
    image = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0]).reshape(1, 1, 1, 5)
    assert to_units(image, DataSpec({"sample": (1, 1, 5)})).flatten().tolist() == [0, 0, 128, 255, 255]
    every = torch.arange(256).float().div(127.5).sub(1).reshape(1, 1, 16, 16)  # as a batch brings them
    assert to_units(every, DataSpec({"sample": (1, 16, 16)})).flatten().tolist() == list(range(256))


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


def test_a_grids_rows_are_classes_where_that_comes_out_even():
    digits = DataSpec({"sample": (1, 28, 28), "label": ()}, 10)
    assert columns_of(digits, True, 100) == 10
    assert columns_of(digits, True, 50) == 5
    assert columns_of(digits, True, 64) == 8
    assert columns_of(digits, False, 100) == 10
    assert columns_of(digits, False, 1) == 1


def test_batches_of_samples_join_seamlessly(runs):
    trained = load_trained(runs / "digits", None, Registry.installed())
    inputs = make_inputs(trained.generator, trained.data, 7, seed=0)
    whole, parts = (generate(trained.generator, inputs, trained.data, trained.runtime, seed=(0,), batch=size) for size in (7, 2))
    assert np.abs(whole.astype(int) - parts.astype(int)).max() <= 1


# Whose weights.


def test_samples_come_from_the_moving_average_where_it_is_on(runs):
    def metadata(run):
        with safe_open(runs / run / "weights/generator.safetensors", framework="pt") as file:
            return {key: json.loads(value) for key, value in file.metadata().items()}

    assert metadata("digits")["average"] is True
    assert metadata("ring")["average"] is False
    assert metadata("digits")["step"] == 2


@pytest.fixture
def state(runs):
    """The generator's weights, moved a little, so that they are known from the run's own."""
    return {
        name: value + 0.1 if value.is_floating_point() else value
        for name, value in load_file(runs / "digits/weights/generator.safetensors").items()
    }


@pytest.mark.parametrize("form", ["plain", "parallel", "wrapped", "safetensors", "legacy"])
def test_weights_from_elsewhere(form, runs, state, sample):
    save_file(state, "reference.safetensors")
    if form == "plain":
        torch.save(state, "w.pt")
    elif form == "parallel":  # what multi-GPU training leaves
        torch.save({f"module.{name}": value for name, value in state.items()}, "w.pt")
    elif form == "wrapped":
        torch.save({"state_dict": state, "epoch": 3}, "w.pt")
    elif form == "legacy":
        torch.save(state, "w.pt", _use_new_zipfile_serialization=False)
    else:
        save_file({f"module.{name}": value for name, value in state.items()}, "w.pt.safetensors")
    file = next(Path().glob("w.pt*"))
    made = sample(runs / "digits", "--weights", file)["sample"]
    assert np.array_equal(made, sample(runs / "digits", "--weights", "reference.safetensors")["sample"])
    assert not np.array_equal(made, sample(runs / "digits")["sample"])


def test_weights_that_do_not_fit_are_refused_with_names_and_shapes(runs, state, refused):
    name = next(key for key, value in state.items() if value.dim() == 4)
    torch.save(state | {name: state[name][:1]}, "shape.pt")
    line = refused(runs / "digits", "--weights", "shape.pt")
    assert f"has '{name}' of shape {tuple(state[name][:1].shape)}, the network {tuple(state[name].shape)}" in line
    torch.save({key: value for key, value in state.items() if key != name} | {"extra.weight": torch.ones(1)}, "names.pt")
    line = refused(runs / "digits", "--weights", "names.pt")
    assert f"1 missing (such as {name}), 1 unknown (such as extra.weight); use the configuration it was trained with" in line
    torch.save(state | {name: state[name] * float("nan")}, "nan.pt")
    assert f"values in '{name}' that are not finite" in refused(runs / "digits", "--weights", "nan.pt")
    ring = runs / "ring/weights/generator.safetensors"
    assert "belongs to another network" in refused(runs / "digits", "--weights", ring)


def test_files_that_hold_no_weights_are_refused(runs, refused):
    assert "--weights: there is no weights file gone.pt; name a" in refused(runs / "digits", "--weights", "gone.pt")
    Path("text.pt").write_text("these are not the weights you are looking for")
    assert "text.pt is a text file ('these are not the weights you')" in refused(runs / "digits", "--weights", "text.pt")
    Path("text.safetensors").write_text("nor are these")
    assert "text.safetensors is a text file" in refused(runs / "digits", "--weights", "text.safetensors")
    torch.save([1, 2, 3], "list.pt")
    assert "holds no state dict; save one: torch.save(network.state_dict(), path)" in refused(runs / "digits", "--weights", "list.pt")
    torch.save({}, "empty.pt")
    assert "holds no state dict" in refused(runs / "digits", "--weights", "empty.pt")
    torch.save(nn.Linear(1, 1), "module.pt")
    assert "save a plain state dict" in refused(runs / "digits", "--weights", "module.pt")


class Attack:
    """Unpickling it makes a file."""

    def __reduce__(self):
        return (open, ("owned", "w"))


def test_the_attack_is_real():
    torch.save({"weight": Attack()}, "attack.pt")
    torch.load("attack.pt", weights_only=False)
    assert Path("owned").exists()


@pytest.mark.parametrize("new_format", [True, False])
@pytest.mark.parametrize("name", ["attack.pt", "attack.safetensors"])
def test_a_planted_pickle_is_not_executed(name, new_format, runs, state, refused, monkeypatch):
    torch.save(state | {"weight": Attack()}, name, _use_new_zipfile_serialization=new_format)
    refused(runs / "digits", "--weights", name)
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")  # torch's own way to weaken torch.load
    refused(runs / "digits", "--weights", name)
    assert not Path("owned").exists()


def test_a_planted_pickle_is_not_executed_by_the_installed_command(runs, state, folder):
    torch.save(state | {"weight": Attack()}, "attack.pt")
    done = ganzoo("sample", runs / "digits", "--weights", "attack.pt", TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD="1")
    assert done.returncode == 2
    assert "cannot be read without executing code from it" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (folder / "owned").exists()


def test_init_starts_from_an_earlier_runs_weights(runs, state):
    recipe = CONFIGS["ring"].replace("steps: 2", "steps: 1") + f"init: {{generator: {runs / 'ring/weights/generator.safetensors'}}}\n"
    Path("again.yaml").write_text(recipe + "optimizer: {generator: {name: sgd, lr: 1e-30}}\n")
    assert invoke(["run", "again.yaml", "--out", "again", "--quiet"]) == 0
    a, b = (load_file(folder / "weights/generator.safetensors") for folder in (runs / "ring", Path("again")))
    assert all(torch.equal(a[key], b[key]) for key in a)


def test_reading_keeps_names_where_only_some_have_the_prefix(tmp_path):
    mixed = {"module.weight": torch.ones(1, 1), "bias": torch.ones(1)}
    torch.save(mixed, tmp_path / "w.pt")
    assert read(tmp_path / "w.pt").keys() == mixed.keys()
    with pytest.raises(UserError, match="1 missing"):
        load_into(nn.Linear(1, 1), tmp_path / "w.pt")


def test_a_run_without_its_record_or_weights_is_refused(runs, refused, folder):
    shutil.copytree(runs / "ring", folder / "copy")
    (folder / "copy/weights/generator.safetensors").unlink()
    assert "there is no weights file copy/weights/generator.safetensors" in refused("copy")
    (folder / "copy/env.json").write_text("{")
    assert "env.json cannot be read" in refused("copy")


# Truncation, and a row a class.


def test_truncation_draws_only_what_lies_beyond_anew():
    torch.manual_seed(0)
    latent = torch.randn(2000, 20)
    cut = Generator().truncated({"latent": latent}, 1.0)["latent"]
    within = latent.abs() <= 1
    assert torch.equal(cut[within], latent[within])
    assert cut.abs().max() <= 1
    # The variance of a normal cut off at 1: 1 - 2 phi(1) / (2 Phi(1) - 1) = 0.2911; for entries drawn anew as for all.
    assert cut.var() == pytest.approx(0.2911, rel=0.02)
    assert cut[~within].var() == pytest.approx(0.2911, rel=0.03)


def test_a_generator_says_itself_how_its_samples_become_more_typical():
    class Styled(Generator):
        def draw(self, n, device=None):
            return {"latent": torch.rand(n, 2) + 1, "psi": torch.ones(n)}

        def truncated(self, drawn, amount):
            return {**drawn, "psi": amount * drawn["psi"]}

        def forward(self, latent, psi):
            return {"sample": latent * psi[:, None]}

    data = DataSpec({"sample": (2,)})
    whole, cut = (make_inputs(Styled(), data, 3, seed=0, truncation=amount) for amount in (None, 0.5))
    assert torch.equal(cut["latent"], whole["latent"])
    assert cut["psi"].tolist() == [0.5] * 3


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


def test_class_names_come_with_the_weights(runs):
    assert load_trained(runs / "digits", None, Registry.installed()).class_names == tuple("0123456789")


def test_a_class_is_asked_for_by_its_name_or_its_number(runs, sample, refused):
    import dataclasses

    from ganzoo.errors import UserError

    trained = dataclasses.replace(load_trained(runs / "digits", None, Registry.installed()), class_names=("zero", "one", "two"))
    assert trained.label_of("two") == 2
    assert trained.label_of("1") == 1
    assert trained.label_of(None) is None
    with pytest.raises(UserError, match="there is no class 'tow'; did you mean 'two'"):
        trained.label_of("tow")
    assert "there is no class 'seven'" in refused(runs / "digits", "--label", "seven")


def test_a_png_for_each_sample_is_the_image_itself(runs, sample, tmp_path):
    from PIL import Image

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
