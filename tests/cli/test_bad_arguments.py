"""Bad arguments end the real command with exit code 2 and one line: overrides, paths, options."""

import os
from pathlib import Path

import pytest
from refusals import configuration, refused


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)


OVERRIDES = {
    "no value": ("train.steps", "form KEY.PATH=VALUE", "-o train.steps=1000"),
    "typo of a key": ("train.stpes=3", "no such key", "did you mean 'steps'"),
    "wrong type": ("train.steps=many", "an integer > 0", "the default is 10000"),
    "no YAML": ("loss=[wasserstein", "not valid YAML", "bracket"),
    "an index behind the end": ("loss.3.weight=2", "loss", ""),
    "a part of a number": ("train.steps.more=2", "train.steps", ""),
    "typo of a parameter": ("generator.widht=8", "no such parameter", "did you mean 'width'"),
    "what does not fit": ("critic={name: dcgan, norm: batch, width: 4}", "mixes the batch", "critic.norm: none"),
}


@pytest.mark.parametrize("name", OVERRIDES)
def test_a_bad_override_is_refused_and_quoted(name, capsys):
    override, what, remedy = OVERRIDES[name]
    Path("config.yaml").write_text(configuration(loss="[wasserstein, gradient_penalty]"))
    line = refused(capsys, "run", "config.yaml", "--out", "run", "-o", override)
    if name != "what does not fit":  # there the loss is to blame, in the file
        assert line.startswith(f"-o {override}: ")
    assert what in line
    assert remedy in line


def test_paths_that_hold_no_configuration(capsys):
    Path("wgan.yaml").write_text(configuration())
    Path("latin.yaml").write_bytes("data: Zürich\n".encode("latin-1"))
    assert refused(capsys, "run", "wgn.yaml") == "wgn.yaml: there is no such file; did you mean 'wgan.yaml'? (here: latin.yaml, wgan.yaml)"
    assert "this is a folder; name a file in it: latin.yaml, wgan.yaml" in refused(capsys, "run", ".")
    assert "UTF-8" in refused(capsys, "run", "latin.yaml")
    assert "check the path" in refused(capsys, "run", "no/such/file.yaml")
    assert "cannot be read" in refused(capsys, "run", "x" * 300 + ".yaml")


def test_an_out_that_cannot_be(capsys):
    Path("good.yaml").write_text(configuration())
    Path("file").write_text("I am no folder")
    Path("taken").mkdir()
    Path("taken/config.yaml").write_text(configuration())
    Path("taken/.lock").touch()
    assert refused(capsys, "run", "good.yaml", "--out", "file").startswith("--out: cannot write to file: ")
    assert "choose another folder" in refused(capsys, "run", "good.yaml", "--out", "file/inside")
    line = refused(capsys, "run", "good.yaml", "--out", "taken")
    assert line == "--out: taken holds a run already; add --resume to continue it, or choose another folder"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(capsys):
    Path("good.yaml").write_text(configuration())
    Path("locked").mkdir(mode=0o500)
    assert "Permission denied; choose another folder" in refused(capsys, "run", "good.yaml", "--out", "locked/run")


ARGUMENTS = {
    "no command of that name": (["rnu", "x.yaml"], "did you mean 'run'", "ganzoo --help"),
    "no argument": (["run"], "CONFIG", "ganzoo run --help"),
    "no option of that name": (["run", "x.yaml", "--stpes", "3"], "--stpes", "ganzoo run --help"),
    "no kind of that name": (["list", "--kind", "critics"], "--kind: 'critics'", "did you mean 'critic'"),
    "no component of that name": (["info", "dcgn"], "'dcgn'", "did you mean 'dcgan'"),
    "no data set of that name": (["matrix", "--data", "digit"], "'digit'", "did you mean 'digits'"),
    "no run": (["sample", "runs/none"], "RUN: there is no folder runs/none", "name a folder that 'ganzoo run' or 'ganzoo pack' made"),
    "a folder that is not a run": (["sample", "."], "not a run directory", "name a folder that 'ganzoo run' or 'ganzoo pack' made"),
    "no samples": (["sample", ".", "-n", "0"], "-n", "ganzoo sample --help"),
    "a run with too long a name": (["sample", "x" * 300], "cannot be read", "check its name and permissions"),
    "a report with too long a name": (["report", "x" * 300], "cannot be read", "check its name and permissions"),
    "a report of nothing": (["report", "runs/none"], "there is no folder runs/none", "name a folder that 'ganzoo run' made"),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_bad_arguments_are_refused_and_say_what_to_do(name, capsys):
    arguments, what, remedy = ARGUMENTS[name]
    line = refused(capsys, *arguments)
    assert what in line
    assert remedy in line
