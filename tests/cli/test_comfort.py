"""Ordinary comfort: help with examples, did-you-mean, and paths of any name."""

import re
import shlex
import sys
from pathlib import Path

import pytest
from forked import ganzoo
from typer.main import get_command

from ganzoo.cli import invoke
from ganzoo.cli.app import app
from ganzoo.ui.tables import print_table

GROUP = get_command(app)
COMMANDS = {name: GROUP.get_command(None, name) for name in sorted(GROUP.words)}
TINY = """\
data: {name: ring, count: 200}
generator: {name: mlp, hidden: [4], latent_dim: 2}
critic: {name: mlp, hidden: [4]}
loss: non_saturating
train: {steps: 4, batch_size: 4, threads: 1, device: cpu}
sample: {count: 20}
"""


# Help.


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_that_is_a_command(name, capsys):
    assert invoke([name, "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    found = re.search(rf"Example: (ganzoo {name}\b[^()]*?) (?:Arguments|Options|\()", text)
    assert found, text
    arguments = shlex.split(found[1].partition(" > ")[0])[2:]
    COMMANDS[name].make_context(name, arguments)  # raises where an option or an argument does not exist


def test_help_lists_every_command_once_with_a_whole_sentence(capsys, monkeypatch):
    for width in ("80", "60"):
        monkeypatch.setenv("COLUMNS", width)
        assert invoke(["--help"]) == 0
        text = capsys.readouterr().out
        listed = text.partition("\nTrain:")[2].partition("\n  Start with")[0]
        assert sorted(re.findall(r"^  ([a-z][\w-]*) ", listed, re.MULTILINE)) == [*COMMANDS]
        assert "..." not in text.partition("\nTrain:")[2]
        assert all(len(line) <= int(width) for line in text.splitlines())
    assert all(command.get_short_help_str(200).endswith(".") for command in COMMANDS.values())


def test_values_have_words_of_their_own_in_help():
    """``--out FOLDER``, and no name of a Python type."""
    for name, command in COMMANDS.items():
        for parameter in command.params:
            is_choice = parameter.opts[0] in ("--by", "--to")  # their choices are shown
            assert parameter.metavar or is_choice or getattr(parameter, "is_flag", False), f"{name}: {parameter.name}"


def test_help_of_options_says_what_they_mean():
    for name, command in COMMANDS.items():
        for parameter in command.params:
            assert getattr(parameter, "help", None) or parameter.name == "help", f"{name}: {parameter.name}"


# Tables.


@pytest.mark.parametrize("columns", [60, 30])
def test_a_terminal_wraps_the_last_column_and_a_pipe_gets_a_line_a_row(columns, capsys, monkeypatch):
    head, rows = ["key", "meaning"], [["short", "a few words"], ["long-winded", "one word after the other " * 6]]
    print_table(head, rows, indent="  ")
    piped = capsys.readouterr().out.splitlines()
    assert len(piped) == 3
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    print_table(head, rows, indent="  ")
    shown = capsys.readouterr().out.splitlines()
    if columns == 30:  # too narrow for a column of its own
        assert shown == piped
        return
    assert max(map(len, shown)) <= columns
    assert shown[:2] == piped[:2]
    assert all(line[:15].isspace() and not line[15].isspace() for line in shown[3:])  # within its column
    assert " ".join(" ".join(shown).split()) == " ".join(" ".join(piped).split())


def test_a_terminal_takes_blank_cells_and_line_breaks(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")
    print_table([], [["a", " " * 40], ["b", "one line of it\nand another line"]])
    assert capsys.readouterr().out.splitlines() == ["a", "b  one line of it", "   and another line"]


# Did you mean.


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lst"], "did you mean 'list'?"),
        (["run", "--ot", "x", "a.yaml"], "did you mean '--out'?"),
        (["info", "weight_clp"], "did you mean 'weight_clip'?"),
        (["run", "tinny.yaml"], "did you mean 'tiny.yaml'?"),
        (["run", "quikstart"], "did you mean 'zoo_configs/quickstart.yaml'?"),
        (["run", "tiny.yaml", "-o", "generator=mpl"], "did you mean 'mlp'?"),
        (["run", "tiny.yaml", "-o", "generator.hiden=[1]"], "did you mean 'hidden'?"),
        (["run", "tiny.yaml", "-o", "metrics=[fidd]"], "did you mean 'fid'?"),
        (["eval", "nowhere", "--metric", "mode"], "did you mean 'modes'?"),
        (["replay", "nowhere", "--to", "tensorbord"], "did you mean 'tensorboard'?"),
        (["list", "--kindd", "loss"], "did you mean '--kind'?"),
        (["run", "--quite", "tiny.yaml"], "did you mean '--quiet'?"),
        (["plugin"], "did you mean 'plugins'?"),
        (["export", "runs/one", "--to", "onx"], "'onx' is not one of 'onnx', 'torch'; did you mean 'onnx'?"),
        (["list", "--kind", "los"], "did you mean 'loss'?"),
        (["run", "tiny.yaml", "-o", "train.stps=1"], "did you mean 'steps'?"),
        (["run", "tiny.yaml", "-o", "optimizer.critic=adm"], "did you mean 'adam'?"),
        (["matrix", "--data", "rng"], "did you mean 'ring'?"),
        (["sample", "runs/oen"], "there is no folder runs/oen; did you mean 'runs/one'?"),
        (["report", "runs/oen"], "did you mean 'runs/one'?"),
        (["compare", "runs/one", "runs/oen"], "did you mean 'runs/one'?"),
        (["replay", "runs/oen", "--to", "tensorboard"], "did you mean 'runs/one'?"),
        (["sweep", "tinny.yaml"], "did you mean 'tiny.yaml'?"),
        (["run", "ganzoo-lsgan:rnig"], "did you mean 'ganzoo-lsgan:ring'?"),
        (["run", "tiny.yaml", "-o", "init={generatr: x}"], "did you mean 'generator'?"),
        (["run", "tiny.yaml", "-o", "init={critic.nett: x}"], "did you mean 'critic.net'?"),
    ],
)
def test_a_misspelt_word_gets_a_suggestion(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(TINY)
    (tmp_path / "runs/one").mkdir(parents=True)
    (tmp_path / "runs/one/config.yaml").write_text(TINY)
    (tmp_path / "zoo_configs").symlink_to(Path(__file__).parents[2] / "zoo_configs")
    assert invoke(arguments) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.startswith("ganzoo: error: ")
    assert len(error.splitlines()) == 1


def test_what_resembles_nothing_gets_no_suggestion(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(TINY)
    assert invoke(["run", "completely-different.yaml"]) == 2
    assert capsys.readouterr().err == "ganzoo: error: completely-different.yaml: there is no such file; here: tiny.yaml\n"


# Any path.


def test_spaces_and_other_scripts_are_fine_in_every_path(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "mes réseaux 我的 #1 (ß)"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GANZOO_CACHE", str(folder / "cache é"))
    Path("ein Versuch ü.yaml").write_text(TINY)
    out = "läufe/lauf 1 – früh"
    assert invoke(["run", "ein Versuch ü.yaml", "--out", out]) == 0
    assert "lauf 1 – früh/report.html" in capsys.readouterr().out
    assert invoke(["run", "ein Versuch ü.yaml", "--out", out, "--resume", "-o", "train.steps=6"]) == 0
    assert invoke(["run", f"{out}/config.yaml"]) == 0  # by the folder's name
    assert Path("runs/lauf 1 – früh/weights").is_dir()
    assert invoke(["sample", out, "-n", "5", "--npz", "ein paar.npz", "--png", "bild ö.png"]) == 0
    assert Path("ein paar.npz").is_file()
    assert Path("bild ö.png").is_file()
    assert invoke(["report", out]) == 0
    assert "lauf 1 – früh" in (folder / out / "report.html").read_text(encoding="utf-8")
    assert invoke(["eval", out, "--metric", "{name: modes, samples: 50}", "--quiet"]) == 0
    assert invoke(["replay", out, "--to", "tensorboard", "--quiet"]) == 0
    Path("sweep mit Ü.yaml").write_text("config: ein Versuch ü.yaml\nseeds: [0, 1]\n")
    assert invoke(["sweep", "sweep mit Ü.yaml", "--dry-run", "--quiet"]) == 0
    assert "Traceback" not in "".join(capsys.readouterr())


def test_a_process_without_stdout_and_stderr_works(tmp_path):
    (tmp_path / "ring.yaml").write_text(TINY)
    closed = "os.closerange(0, 3); sys.stdin = sys.stdout = sys.stderr = None"  # as Python has them where a shell says <&- >&- 2>&-
    assert ganzoo("run", tmp_path / "ring.yaml", "--out", tmp_path / "run", before=closed).returncode == 0
    assert (tmp_path / "run/weights/generator.safetensors").is_file()
