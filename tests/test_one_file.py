"""Plugins of one file: given to a command, kept by the run, and never run because a configuration or a stranger's run says so."""

import sys

import pytest
from margin_file import MARGIN, RING

from ganzoo.cli import invoke
from ganzoo.errors import UserError
from ganzoo.plugins import one_file
from ganzoo.registry import Registry


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with the plugin and a configuration, for a user who has trained with no plugin of one file yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "margin.py").write_text(MARGIN)
    (tmp_path / "ring.yaml").write_text(RING)
    return tmp_path


@pytest.fixture
def trained(here):
    assert invoke(["run", "ring.yaml", "--plugin", "margin.py", "-q"]) == 0
    return here


def test_a_class_of_the_file_is_a_component_called_as_the_class_in_snake_case(here, capsys):
    assert invoke(["list", "--kind", "loss", "--plugin", "margin.py"]) == 0
    assert f"margin.py {one_file.version_of(MARGIN.encode())}" in capsys.readouterr().out
    assert invoke(["info", "margin", "--plugin", "margin.py"]) == 0
    assert "factor on both sides" in capsys.readouterr().out
    assert invoke(["info", "margin"]) == 2  # the next command knows nothing of it
    assert one_file.snake_case("WGANCritic") == "wgan_critic"


def test_it_is_checked_and_combined_like_an_installed_one(here, capsys):
    assert invoke(["check", "ring.yaml", "--plugin", "margin.py", "-q"]) == 0
    assert invoke(["matrix", "--data", "ring", "--plugin", "margin.py", "--json"]) == 0
    assert '"margin"' in capsys.readouterr().out


def test_a_file_with_hooks_gives_what_they_give(here):
    (here / "doors.py").write_text(
        f'{MARGIN}\nimport ganzoo\nGANZOO_API = 1\n@ganzoo.hookimpl\ndef ganzoo_losses():\n    return {{"wide": "doors:Margin"}}\n'
    )
    with one_file.choosing():
        one_file.choose(files=[here / "doors.py"])
        found = Registry.installed().find("loss", "wide")
    assert found.load().__name__ == "Margin"
    assert found.qualified == "doors.py/wide"


def test_a_folder_of_files_is_used_by_every_command_and_a_broken_one_hurts_no_other(here, capsys, monkeypatch):
    (here / "mine").mkdir()
    (here / "mine" / "margin.py").write_text(MARGIN)
    (here / "mine" / "torn.py").write_text("raise SystemExit(3)\n")
    (here / "mine" / "_helper.py").write_text("raise SystemExit(4)\n")
    monkeypatch.setenv("GANZOO_PLUGINS", str(here / "mine"))
    assert invoke(["list", "--kind", "loss"]) == 0
    said = capsys.readouterr()
    assert "margin.py" in said.out
    assert "torn.py" in said.err
    assert "_helper" not in said.err
    assert invoke(["list", "--kind", "loss", "-p", "no:margin"]) == 0
    assert "margin.py" not in capsys.readouterr().out
    monkeypatch.setenv("GANZOO_PLUGINS", str(here / "nowhere"))
    assert invoke(["list"]) == 2


def test_a_plugin_can_be_left_out_by_its_short_or_its_long_name(here, capsys):
    for name in ("wgan-gp", "ganzoo-wgan-gp", "ganzoo_wgan_gp"):
        assert invoke(["list", "--kind", "loss", "-p", f"no:{name}"]) == 0
        said = capsys.readouterr().out
        assert "gradient_penalty" not in said
        assert "wasserstein" in said
    assert invoke(["info", "gradient_penalty", "-p", "no:wgan-gp"]) == 2
    assert "or leave -p no:wgan-gp out" in capsys.readouterr().err
    assert invoke(["list", "-p", "no:wgam"]) == 2
    assert "did you mean 'wgan'" in capsys.readouterr().err
    assert invoke(["list", "-p", "wgan"]) == 2
    assert "write -p no:NAME" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("torn.py", "def broken(:\n", "SyntaxError"),
        ("empty.py", "x = 1\n", "empty.py gives no component"),
        ("away.py", None, "cannot be read"),
        ("margin.txt", MARGIN, "is not a Python file"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_a_line(name, text, said, here, capsys):
    if text is not None:
        (here / name).write_text(text)
    assert invoke(["list", "--plugin", name]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_the_run_keeps_the_file_and_goes_on_and_is_sampled_from_without_it(trained):
    assert (trained / "runs/ring/plugins/margin.py").read_text() == MARGIN
    (trained / "margin.py").unlink()
    assert invoke(["run", "ring.yaml", "--resume", "-o", "train.steps=3", "-q"]) == 0
    assert invoke(["sample", "runs/ring"]) == 0
    assert invoke(["run", "runs/ring/config.yaml", "--out", "again", "-q"]) == 0


def test_resuming_and_sampling_with_a_changed_file_are_refused_and_the_difference_is_named(trained, capsys):
    (trained / "margin.py").write_text(MARGIN.replace("1 - real", "2 - real"))
    for command in (["run", "ring.yaml", "--resume", "-o", "train.steps=3", "-q"], ["sample", "runs/ring"]):
        assert invoke([*command, "--plugin", "margin.py"]) == 2
        assert "line 23 was" in (said := capsys.readouterr().err)
        assert "relu(2 - real)" in said
    (trained / "runs/ring/plugins/margin.py").write_text(MARGIN + "\n")
    assert invoke(["sample", "runs/ring"]) == 2
    assert "was changed after the run had begun" in capsys.readouterr().err


TRAP = "from pathlib import Path\nPath('sprung').touch()\n"


def test_a_configuration_alone_runs_no_code(here, capsys):
    (here / "margin.py").write_text(TRAP + MARGIN)
    (here / "ring.yaml").write_text(RING.replace("loss: margin", "loss: ./margin.py:Margin"))
    for command in ("run", "check"):
        assert invoke([command, "ring.yaml", "-q"]) == 2
        assert "'./margin.py:Margin' is code, and a configuration alone runs none" in capsys.readouterr().err
        assert not (here / "sprung").exists()
    assert invoke(["run", "ring.yaml", "--allow-code", "-q"]) == 0
    assert (here / "sprung").exists()
    assert "name: margin.py/margin" in (here / "runs/ring/config.yaml").read_text()


def test_a_configuration_names_a_file_beside_itself_and_only_what_is_in_it(here, capsys):
    (here / "deep").mkdir()
    (here / "deep" / "ring.yaml").write_text(RING.replace("loss: margin", "loss: ../margin.py:Margin"))
    assert invoke(["check", "deep/ring.yaml", "--allow-code", "-q"]) == 0
    assert invoke(["check", "ring.yaml", "--allow-code", "-q", "-o", "loss=./margin.py:Margi"]) == 2
    assert "did you mean 'Margin'" in capsys.readouterr().err
    assert invoke(["check", "ring.yaml", "--allow-code", "-q", "-o", "critic=./margin.py:Margin"]) == 2
    assert "gives no critic 'Margin'" in capsys.readouterr().err


def test_the_code_in_a_run_of_somebody_else_runs_only_when_it_is_allowed(trained, monkeypatch, capsys):
    monkeypatch.setenv("XDG_STATE_HOME", str(trained / "another user"))
    kept = trained / "runs/ring/plugins/margin.py"
    monkeypatch.setattr(sys, "modules", {k: v for k, v in sys.modules.items() if not k.startswith("ganzoo_file_")})
    kept.write_text(TRAP + MARGIN)
    config = trained / "runs/ring/config.yaml"
    before, now = one_file.version_of(MARGIN.encode()), one_file.version_of((TRAP + MARGIN).encode())
    config.write_text(config.read_text().replace(before, now))
    assert invoke(["check", str(config), "-q"]) == 2
    assert "read it, then add --allow-code" in capsys.readouterr().err
    assert not (trained / "sprung").exists()
    assert invoke(["check", str(config), "-q", "--allow-code"]) == 0
    assert (trained / "sprung").exists()


def test_the_difference_between_two_texts_is_said_in_a_line():
    assert one_file.difference(b"a\nb\n", b"a\nc\n") == "line 2 was 'b', and is now 'c'"
    assert one_file.difference(b"a\n", b"a\nb\n") == "line 2 is new: 'b'"
    assert one_file.difference(b"a\nb\n", b"a\n") == "line 2 is gone: 'b'"
    assert one_file.difference(b"a", b"a") == ""


def test_a_choice_ends_with_its_command(here):
    with one_file.choosing():
        one_file.choose(files=[here / "margin.py"])
        assert Registry.installed().find("loss", "margin").file == here / "margin.py"
    with pytest.raises(UserError, match="'margin' is not an installed loss"):
        Registry.installed().find("loss", "margin")


def test_a_file_comes_before_what_is_installed_under_the_same_name_and_the_run_says_so(here, capsys):
    (here / "margin.py").write_text(MARGIN.replace("class Margin", "class Hinge"))
    (here / "ring.yaml").write_text(RING.replace("margin", "hinge"))
    command = ["run", "ring.yaml", "--out", "run"]
    assert invoke([*command, "--plugin", "margin.py"]) == 0
    said = "note: loss 'hinge' is that of margin.py, not ganzoo-hinge/hinge"
    assert capsys.readouterr().err.count(said) == 1
    assert "margin.py/hinge" in (here / "run/config.yaml").read_text()
    (here / "margin.py").unlink()
    assert invoke([*command, "--resume", "-o", "train.steps=3", "-q"]) == 0, capsys.readouterr().err  # by its copy
    assert invoke(["check", "ring.yaml", "-q"]) == 0
    assert "margin.py" not in "".join(capsys.readouterr())
