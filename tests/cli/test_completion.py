"""Completion: what is offered, and that bash and zsh themselves put it on the line."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time

import pytest

from ganzoo.cli import completing, invoke
from ganzoo.commands import offers
from ganzoo.registry import Registry

SHELLS = {"bash": ["--noprofile", "--norc", "-i"], "zsh": ["-f", "-i"]}


def complete(*words):
    """What bash is offered where TAB is pressed at the end of the last word; it must not have imported torch."""
    environment = {**os.environ, "_GANZOO_COMPLETE": "complete_bash", "COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
    code = "import sys, atexit\natexit.register(lambda: print('torch' in sys.modules))\nfrom ganzoo.cli import invoke\ninvoke([])"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stderr == ""
    *offered, torch = done.stdout.split()
    assert torch == "False"
    return offered


def test_the_shell_completes_commands_options_and_names_without_torch():
    """Through the entry that the shell's script asks; what each offers is tested below."""
    assert sorted(complete("ganzoo", "rep")) == ["replay", "report"]
    assert complete("ganzoo", "run", "a.yaml", "-o", "generator", "=", "dc") == ["dcgan"]


@pytest.mark.parametrize(
    ("pieces", "words", "cut"),
    [
        (["ganzoo", "info", "dc"], ["ganzoo", "info", "dc"], ""),
        (["-o", "data", "=", "ri"], ["-o", "data=ri"], "data="),
        (["-o", "data", "="], ["-o", "data="], "data="),
        (["-o", "data", "=", ""], ["-o", "data=", ""], ""),
        (["run", "ganzoo-lsgan", ":", "mn"], ["run", "ganzoo-lsgan:mn"], "ganzoo-lsgan:"),
        (["-o", "a", "=", "1", "-o", "b", "=", "x", ":", "y"], ["-o", "a=1", "-o", "b=x:y"], "b=x:"),
        (["ganzoo-lsgan:mn"], ["ganzoo-lsgan:mn"], ""),
    ],
)
def test_words_that_bash_cuts_are_put_together(pieces, words, cut):
    """Where COMP_WORDBREAKS holds = and :, as it does by default."""
    assert completing.whole_words(pieces) == (words, cut)


@pytest.mark.skipif(sys.platform != "linux", reason="pseudo-terminals")
@pytest.mark.parametrize("shell", SHELLS)
def test_tab_in_a_real_shell(shell, tmp_path, monkeypatch):
    """The line as the shell itself completes it, with what ``--show-completion`` prints."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "two words.yaml").touch()
    script = tmp_path / "ganzoo"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m ganzoo "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    environment = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    shown = subprocess.run([script, "--show-completion", shell], env=environment, capture_output=True, text=True, check=True).stdout
    loads = "autoload -Uz compinit; compinit -u -d dump\n" if shell == "zsh" else ""
    (tmp_path / "completion").write_text(loads + shown)
    with Terminal(shell, tmp_path) as terminal:
        terminal.type("source ./completion; PS1='re''ady> '\r", r"ready> $")
        terminal.type("ganzoo run ganzoo-lsgan:mn\t", r"run ganzoo-lsgan:mnist $")
        terminal.type("-o generator=dc\t", r"generator=dcgan $")
        terminal.type("-o train.se\t", r"train\.seed=$")  # no space: the value follows
        terminal.type("1 \x15ganzoo run two\t", r"run two\\ words\.yaml $")


class Terminal:
    """A shell on a pseudo-terminal, in a folder."""

    def __init__(self, shell, folder):
        environment = {**os.environ, "TERM": "dumb", "INPUTRC": "/dev/null", "LC_ALL": "C.UTF-8"}
        master, slave = pty.openpty()
        self.master = master
        self.process = subprocess.Popen(
            [shell, *SHELLS[shell]], cwd=folder, env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()
        os.close(self.master)

    def type(self, keys, answer):
        """Press keys, and wait until what the terminal shows ends as ``answer`` (a pattern) says."""
        os.write(self.master, keys.encode())
        shown, end = "", time.monotonic() + 30
        while not re.search(answer, shown):
            ready, _, _ = select.select([self.master], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"{keys!r}: {shown!r}"
            shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x07|\r", "", shown + os.read(self.master, 65536).decode())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_can_be_installed(shell, capsys, monkeypatch):
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    monkeypatch.delenv("SHELL", raising=False)
    with pytest.raises(SystemExit, match="0"):
        invoke(["--show-completion", shell])
    assert "_GANZOO_COMPLETE=complete_" in capsys.readouterr().out


def offered(function, incomplete):
    return [text for text, _ in function(incomplete)]


def test_components_are_offered_by_name():
    registry = Registry.installed()
    assert set(offered(offers.components, "")) == {c.name for c in registry.components}
    assert offered(offers.of_kind("metric"), "mod") == ["modes"]
    assert offered(offers.of_kind("observer"), "") == [c.name for c in registry.of_kind("observer")]
    assert offered(offers.kinds, "d") == ["dataset"]


def test_configuration_keys_and_the_names_behind_them_are_offered():
    assert offered(offers.overrides, "train.se") == ["train.seed=", "train.seed=0"]  # two, so that no space is put behind =
    names = ("alternate", "pretrain", "progressive", "then_encoders", "two_stages", "wgan")
    assert offered(offers.overrides, "schedu") == ["schedule=", *(f"schedule={name}" for name in names)]
    assert {"data=", "loss=", "optimizer.critic=", "log.every="} <= set(offered(offers.overrides, ""))
    assert offered(offers.overrides, "generator=d") == ["generator=dcgan"]
    assert offered(offers.overrides, "data=ri") == ["data=ring"]
    assert offered(offers.overrides, "optimizer.critic=s") == ["optimizer.critic=sgd"]
    assert offered(offers.overrides, "train.steps=") == ["train.steps=10000"]
    assert offered(offers.overrides, "train.ema=") == []
    assert all(meaning for _, meaning in offers.overrides("train."))


def test_configurations_are_offered_as_files_and_recipes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").touch()
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/other.yaml").touch()
    assert offered(offers.configurations, "ti") == ["tiny.yaml"]
    assert offered(offers.configurations, "de") == ["deep/", "deep/other.yaml"]  # likewise
    assert offered(offers.configurations, "deep/") == ["deep/other.yaml"]
