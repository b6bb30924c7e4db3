"""Commands come through the hook ``ganzoo_commands``, everyone's: shown with their origin, none overridden, a broken one harmless."""

import importlib.metadata
import json
import subprocess
import sys

import pytest
from sites import Site

from ganzoo.cli import invoke
from ganzoo.registry import Registry

DOOR = """
import ganzoo
GANZOO_API = 1

@ganzoo.hookimpl
def ganzoo_commands():
    return {"%s": "MODULE_parts:command"}
"""
PARTS = '''
import typer
from typing import Annotated

GROUP = "Greet"

def command(times: Annotated[int, typer.Option(metavar="N", min=1, help="How often.")] = 1) -> int:
    """Say hello.

    Example: ganzoo hello --times 2
    """
    print("hello " * times)
    return 4
'''


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs distributions that give a command: their name, the command's, its module."""
    made, own = Site(tmp_path, monkeypatch), list(importlib.metadata.entry_points(group="ganzoo"))

    def install(distribution, command, parts=PARTS):
        made.install(distribution, DOOR.replace("%s", command).replace("MODULE", "%s"), parts=parts)
        registry = made.registry(own)
        monkeypatch.setattr(Registry, "installed", lambda: registry)

    yield install
    for module in made.modules:
        sys.modules.pop(module, None)


def test_the_core_comes_through_the_hook_too():
    assert {c.distribution for c in Registry.installed().commands} == {
        "ganzoo-core",
        "ganzoo-kit",
        "ganzoo-sweep",
        "ganzoo-explore",
        "ganzoo-report",
    }
    assert Registry.installed().command_words()["run"].target == "ganzoo.commands.run:run"


def test_somebody_elses_command_is_listed_with_its_distribution_and_runs(installed, capsys):
    installed("ganzoo-hello", "hello")
    assert invoke(["--help"]) == 0
    text = capsys.readouterr().out
    assert "\nGreet:\n  hello         Say hello. (ganzoo-hello)\n" in text
    assert "\n  run           Train what a YAML file names.\n" in text
    assert invoke(["hello", "--times", "2"]) == 4
    assert capsys.readouterr().out == "hello hello \n"
    assert invoke(["hello", "--times", "0"]) == 2
    assert "see 'ganzoo hello --help'" in capsys.readouterr().err
    assert invoke(["helo"]) == 2
    assert "did you mean 'hello'?" in capsys.readouterr().err
    assert invoke(["hello", "--help"]) == 0
    assert "How often." in capsys.readouterr().out
    assert invoke(["list", "--kind", "command"]) == 0
    assert "command  hello         ganzoo-hello 1.0" in capsys.readouterr().out
    assert invoke(["info", "hello"]) == 2
    assert "'hello' is a command, no component; see 'ganzoo hello --help'" in capsys.readouterr().err


def test_a_name_of_the_core_stays_the_cores(installed, capsys):
    installed("ganzoo-hello", "list")
    assert invoke(["list", "--json"]) == 0
    assert "components" in json.loads(capsys.readouterr().out)
    assert invoke(["ganzoo-hello/list"]) == 4
    assert capsys.readouterr().out == "hello \n"
    assert invoke(["--help"]) == 0
    text = capsys.readouterr().out
    assert "\n  ganzoo-hello/list  Say hello. (ganzoo-hello)\n" in text
    assert "\n  list " in text


def test_a_name_that_two_distributions_give_is_refused_until_one_says_which(installed, capsys):
    installed("ganzoo-hello", "hello")
    installed("ganzoo-other", "hello", PARTS.replace("hello ", "other "))
    assert invoke(["hello"]) == 2
    err = capsys.readouterr().err
    assert "2 distributions give a command named 'hello'; write 'ganzoo-hello/hello' or 'ganzoo-other/hello'" in err
    assert invoke(["ganzoo-other/hello"]) == 4
    assert capsys.readouterr().out == "other \n"


BROKEN = {
    "an import that fails": ("import no_such_module_anywhere", "No module named 'no_such_module_anywhere'"),
    "a syntax error": ("def command(:", "SyntaxError"),
    "an exit": ("import sys; print('noise'); sys.exit(3)", "SystemExit: 3"),
    "no such function": ("", "has no attribute 'command'"),
    "no function": ("command = 3", "which is not a function"),
    "an argument that nothing can be made of": ("def command(what: 'Unknown'):\n    'Nothing.'", "cannot be read"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_command_is_shown_as_broken_and_hurts_no_other(fault, installed, capsys):
    parts, reason = BROKEN[fault]
    installed("ganzoo-hello", "hello")
    installed("ganzoo-bad", "bad", parts)
    assert invoke(["--help"]) == 0
    text = capsys.readouterr().out
    assert "  bad           BROKEN: " in text
    assert "noise" not in text
    assert "(ganzoo-bad)" in "".join(text.split())
    assert "Say hello. (ganzoo-hello)" in text
    assert invoke(["hello"]) == 4
    assert capsys.readouterr().out == "hello \n"
    assert invoke(["bad", "--whatever", "1"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("noise\n" * (fault == "an exit") + "ganzoo: error: command 'bad' of ganzoo-bad")
    assert reason in err
    assert "ganzoo-bad" in err.partition(reason)[2]  # the remedy
    for arguments in (["list"], ["list", "--json"]):
        assert invoke(arguments) == 0
        out, err = capsys.readouterr()
        if fault == "an argument that nothing can be made of":  # only its help, or a call, finds that out
            continue
        told = err if len(arguments) == 1 else json.dumps(json.loads(out)["broken"])
        assert "command 'bad' of ganzoo-bad" in told
        assert reason in told


def test_completion_survives_a_broken_command(installed, capsys, monkeypatch):
    installed("ganzoo-bad", "bad", "import no_such_module_anywhere")
    for name, value in {"_GANZOO_COMPLETE": "complete_bash", "COMP_WORDS": "ganzoo\nrep", "COMP_CWORD": "1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match="0"):
        invoke([])
    assert sorted(capsys.readouterr().out.split()) == ["replay", "report"]


def test_a_command_imports_only_its_own_module_and_no_torch():
    code = (
        "import sys\nfrom ganzoo.cli import invoke\ncode = invoke(['plugins', '--help'])\n"
        "print(sorted(name for name in sys.modules if name.startswith('ganzoo.commands.')), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "['ganzoo.commands.installed', 'ganzoo.commands.offers', 'ganzoo.commands.options'] False"
