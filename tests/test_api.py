"""ganzoo from Python: training, sampling and the record, in a thread too, with the command line's errors."""

import subprocess
import sys
import threading

import numpy as np
import pytest
import torch
from margin_file import MARGIN

import ganzoo
from ganzoo.cli import invoke
from ganzoo.errors import UserError
from ganzoo.rundir.directory import RunDirectory
from ganzoo.rundir.lock import FolderLock

RING = {
    "data": {"name": "ring", "count": 64},
    "generator": {"name": "mlp", "hidden": [8], "latent_dim": 2},
    "critic": {"name": "mlp", "hidden": [8]},
    "loss": "non_saturating",
    "train": {"steps": 4, "batch_size": 8, "device": "cpu", "threads": 1},
    "log": {"every": 2},
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_run_is_trained_loaded_sampled_from_and_read(here):
    run = ganzoo.train(RING, out="one", overrides=["train.steps=3"], quiet=True)
    assert (here / "one/weights/generator.safetensors").is_file()
    made = ganzoo.load("one").sample(5, seed=3)
    assert invoke(["sample", "one", "-n", "5", "--seed", "3", "--npz", "five.npz"]) == 0
    assert np.array_equal(made.numpy(), np.load("five.npz")["sample"])
    assert torch.equal(made, run.sample(5, seed=3))
    columns = run.metrics()
    assert columns["step"] == [2, 3]
    assert {len(values) for values in columns.values()} == {2}
    assert "critic/adversarial" in columns


def test_it_trains_the_same_as_the_command_line(here):
    ganzoo.train(RING, out="one", quiet=True)
    assert invoke(["run", "one/config.yaml", "--out", "two", "-q"]) == 0
    assert (here / "one/samples/step-00000004.png").read_bytes() == (here / "two/samples/step-00000004.png").read_bytes()


def test_the_generator_is_called_with_fields_of_ones_own(here):
    run = ganzoo.train(RING, out="one", quiet=True)
    latent = torch.randn(3, 2)
    assert torch.equal(run(latent=latent)["sample"], run(latent=latent)["sample"])
    assert run(latent=latent)["sample"].shape == (3, 2)
    for fields, said in ({"latnt": latent}, "takes no field 'latnt'; did you mean 'latent'"), ({}, "no field is given"):
        with pytest.raises(ganzoo.UserError, match=said):
            run(**fields)


def test_errors_are_those_of_the_command_line_in_one_line(here, capsys):
    wrong = RING | {"loss": "non_saturatin"}
    with pytest.raises(ganzoo.UserError, match="did you mean 'non_saturating'") as raised:
        ganzoo.train(wrong, out="one", quiet=True)
    assert "\n" not in str(raised.value)
    assert not (here / "one").exists()
    with pytest.raises(ganzoo.UserError) as raised:
        ganzoo.load("nowhere")
    assert invoke(["sample", "nowhere"]) == 2
    assert capsys.readouterr().err == f"ganzoo: error: {raised.value}\n"


def test_numbers_of_numpy_and_paths_are_taken_as_pythons_own(here, monkeypatch):
    monkeypatch.setenv("HOME", str(here / "home"))
    config = {**RING, "train": {"steps": np.int64(1), "batch_size": np.int32(8), "device": "cpu"}, "init": {}}
    config["optimizer"] = {"critic": {"name": "adam", "lr": np.float32(0.5), "betas": (0.0, 0.5)}}
    run = ganzoo.train(config, out="~/runs/one", quiet=True)
    assert run.folder == here / "home/runs/one"
    assert not (here / "~").exists()
    assert torch.equal(ganzoo.load("~/runs/one").sample(np.int64(3), seed=np.uint8(2)), run.sample(3, seed=2))
    assert invoke(["run", str(here / "home/runs/one/config.yaml"), "-q", "--out=~/runs/two"]) == 0
    assert (here / "home/runs/two").is_dir()
    wrong = {**RING, "data": {"name": "folder", "root": here / "nowhere"}}
    with pytest.raises(UserError, match="nowhere does not exist"):
        ganzoo.train(wrong, out="two", quiet=True)
    with pytest.raises(UserError, match="a configuration holds a function"):
        ganzoo.train({**RING, "log": {"every": print_nothing}}, out="two", quiet=True)


def print_nothing():
    """What no configuration can hold."""


def test_a_thread_trains_and_a_second_training_meanwhile_is_refused(here):
    said, came = [], threading.Event()

    def work():
        try:
            said.append(ganzoo.train(RING, out="one", quiet=True).sample(2).shape)
        except BaseException as error:
            said.append(error)
        came.set()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)
    assert said == [(2, 2)]
    from ganzoo.runs import api

    with api._TRAINING, pytest.raises(ganzoo.UserError, match="a training is under way in this process"):
        ganzoo.train(RING, out="two", quiet=True)


def test_the_command_runs_in_a_thread(here):
    ganzoo.train(RING, out="one", quiet=True)
    codes = []
    thread = threading.Thread(target=lambda: codes.append(invoke(["run", "one/config.yaml", "--out", "two", "-q"])))
    thread.start()
    thread.join(60)
    assert codes == [0]


def test_a_folder_is_held_once_in_a_process(tmp_path):
    lock = FolderLock(tmp_path)
    with pytest.raises(ganzoo.UserError, match="is in use by process"):
        FolderLock(tmp_path)
    assert lock.holds
    lock.close()
    FolderLock(tmp_path).close()


def test_two_runs_of_one_name_that_begin_together_take_two_folders(here):
    (here / "zero").symlink_to("far/away")
    RunDirectory(here / "zero", resume=False).close()
    assert not (here / "far").exists()
    ganzoo.train(RING, out="zero", quiet=True)
    (here / "ring.yaml").write_text((here / "far/away/config.yaml").read_text())
    (here / "runs/ring").mkdir(parents=True)
    lock = FolderLock(here / "runs/ring")  # another run that has begun there and written nothing yet
    run = ganzoo.train("ring.yaml", quiet=True)
    lock.close()
    assert str(run.folder) == "runs/ring-2"
    with pytest.raises(ganzoo.UserError, match="holds a run already"):
        ganzoo.train("ring.yaml", out="zero", quiet=True)


def test_a_plugin_of_one_file_is_used(here):
    (here / "margin.py").write_text(MARGIN)
    run = ganzoo.train(RING | {"loss": "margin"}, out="one", quiet=True, plugins=["margin.py"])
    assert run.sample(2).shape == (2, 2)
    with pytest.raises(ganzoo.UserError, match="'margin' is not an installed loss"):
        ganzoo.train(RING | {"loss": "margin"}, out="two", quiet=True)


def test_importing_ganzoo_imports_no_torch():
    code = "import sys, ganzoo; assert 'torch' not in sys.modules; ganzoo.train"
    subprocess.run([sys.executable, "-c", code], check=True)
