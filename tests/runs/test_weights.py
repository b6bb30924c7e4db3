"""Samples of a run's weights or of anyone's, never of code."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from forked import ganzoo
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from small_runs import CONFIGS
from torch import nn

from ganzoo.cli import invoke
from ganzoo.errors import UserError
from ganzoo.registry import Registry
from ganzoo.rundir.weight_files import read
from ganzoo.rundir.weights import load_into
from ganzoo.runs.trained import load_trained


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


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


def test_class_names_come_with_the_weights(runs):
    assert load_trained(runs / "digits", None, Registry.installed()).class_names == tuple("0123456789")
