"""The environment that a plugin is checked in: what it sees, and what is installed into it."""

import builtins
import importlib.metadata
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ganzoo_kit.authoring.environment import make_environment
from ganzoo_kit.authoring.examination import examine
from plugin_wheels import DOOR, make_wheel

from ganzoo.errors import UserError
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter

ROOT = Path(__file__).parents[3]


def test_a_clean_environment_sees_what_is_here_but_for_what_is_left_out(tmp_path):
    environment = make_environment(tmp_path / "environment", without=["Ganzoo_LSGAN"])
    code = "import json; from importlib.metadata import distributions; print(json.dumps([d.name for d in distributions()]))"
    noisy = {**os.environ, "PYTHONPATH": str(ROOT / "plugins/ganzoo-lsgan")}
    said = subprocess.run([environment.python, "-P", "-c", code], env=noisy, capture_output=True, text=True, check=True).stdout
    names = set(json.loads(said))
    assert {"torch", "ganzoo-core", "ganzoo-vanilla"} <= names
    assert "ganzoo-lsgan" not in names
    import_it = [environment.python, "-P", "-c", "import ganzoo_lsgan"]
    assert subprocess.run(import_it, env=dict(environment.variables()), stderr=subprocess.DEVNULL).returncode == 1


def test_one_distribution_may_not_give_a_name_twice(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "double_door.py").write_text(DOOR)
    info = tmp_path / "double-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: double\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ganzoo]\na = double_door\nb = double_door\n")
    (distribution,) = importlib.metadata.distributions(path=[str(tmp_path)])
    registry = Registry(distribution.entry_points)
    assert [plugin.broken for plugin in registry.plugins] == [
        "",
        "another entry point of double gives a schedule named 'tower' too; rename one",
    ]
    assert len(registry.components) == 1
    monkeypatch.delitem(sys.modules, "double_door")


def test_a_project_is_examined_where_no_command_line_is(tmp_path):
    with pytest.raises(UserError, match="without a pyproject"):
        examine(tmp_path, reporter(quiet=True))


def test_what_is_explained_is_what_is_said():
    """Each message in how-to/fix-a-broken-plugin.md is in the code, or is the name of an exception."""
    text = (ROOT / "docs/how-to/fix-a-broken-plugin.md").read_text()
    messages = [said for line in text.splitlines() if line.startswith("| `") for said in re.findall(r"`([^`]+)`", line.split(" | ")[0])]
    assert len(messages) > 20
    code = (
        "".join(path.read_text() for folder in ("ganzoo", "plugins/ganzoo-kit") for path in (ROOT / folder).rglob("*.py"))
        .replace("{{", "{")
        .replace("}}", "}")
    )
    missing = [said for said in messages if said not in code and not hasattr(builtins, said)]
    assert missing == []


@pytest.mark.slow
def test_a_plugin_is_installed_from_a_folder_that_is_served_as_an_index(tmp_path):
    """The end of the tutorial: a wheel in a folder of its name, ``python -m http.server``, pip."""
    index = tmp_path / "index/ganzoo-tower"
    index.mkdir(parents=True)
    make_wheel(index)
    words = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(index.parent)]
    environment = make_environment(tmp_path / "user", without=[])
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            port = re.search(r"port (\d+)", server.stdout.readline())[1]
            install = ["install", "-q", "--no-deps", "--index-url", f"http://127.0.0.1:{port}", "ganzoo-tower"]
            pip_words = [sys.executable, "-m", "pip", "--isolated", "--python", environment.python, *install]
            done = subprocess.run(pip_words, capture_output=True, text=True)
        finally:
            server.terminate()
    assert done.returncode == 0, done.stderr
    listed = subprocess.run(
        [environment.python, "-m", "ganzoo", "plugins"], env=dict(environment.variables()), capture_output=True, text=True
    )
    assert re.search(r"^ganzoo-tower +1\.0 +schedule tower$", listed.stdout, re.MULTILINE)
