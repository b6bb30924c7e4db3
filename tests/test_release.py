"""Our own distributions: versions in step from one place, and (slow) each passes its tests alone, from its wheel."""

import importlib
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ganzoo import API_VERSION

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / "tools"


@pytest.fixture
def tools(monkeypatch):
    """The two scripts as modules."""
    monkeypatch.syspath_prepend(str(TOOLS))
    return importlib.import_module("release_check"), importlib.import_module("set_version")


@pytest.fixture
def checkout(tmp_path, tools):
    """A copy of every file that names the version."""
    for path in tools[1].files():
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    return tmp_path


def test_versions_are_in_step(tools):
    assert tools[0].out_of_step() == []


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("plugins/ganzoo-lsgan/pyproject.toml", 'version = "', 'version = "9'),
        ("plugins/ganzoo-lsgan/pyproject.toml", "ganzoo-core>=0.", "ganzoo-core>=9."),
        ("plugins/ganzoo-lsgan/pyproject.toml", "ganzoo-vanilla>=0.", "ganzoo-vanilla>=9."),
        ("CITATION.cff", "\nversion: ", "\nversion: 9"),
        ("CHANGELOG.md", "\n## 0.", "\n## 9."),
    ],
)
def test_what_is_not_in_step_is_named(name, old, new, tools, checkout):
    path = checkout / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    (problem,) = tools[0].out_of_step(checkout)
    assert problem.startswith(f"{name} is not in step with ")
    assert "run tools/set_version.py" in problem


def test_the_version_is_set_in_one_place(tools, checkout):
    release_check, set_version = tools
    assert set_version.main(["0.7.2"], checkout) == 0
    assert release_check.out_of_step(checkout) == []
    lsgan = tomllib.loads((checkout / "plugins/ganzoo-lsgan/pyproject.toml").read_text())["project"]
    assert lsgan["version"] == "0.7.2"
    assert "ganzoo-core>=0.7,<0.8" in lsgan["dependencies"]
    assert "ganzoo-dcgan>=0.7,<0.8" in lsgan["optional-dependencies"]["recipes"]
    assert "torch>=2.6" in lsgan["dependencies"]
    assert f"\n## 0.7.2 - unreleased\n\n- Interfaces for plugins: API {API_VERSION}.\n\n## 0." in (checkout / "CHANGELOG.md").read_text()
    before = {path: path.read_text() for path in set_version.files(checkout)}
    assert set_version.main(["0.7.2"], checkout) == 0
    assert {path: path.read_text() for path in set_version.files(checkout)} == before


def test_each_release_says_which_interface_it_carries():
    """``tools/public_api.py`` reads there which versions of the interface are frozen."""
    sections = re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)[1:]
    silent = [section.partition("\n")[0] for section in sections if not re.search(r"\bAPI \d", section)]
    assert [heading for heading in silent if not heading.endswith("unreleased")] == []


def test_what_is_no_version_is_refused(tools, checkout, capsys):
    assert tools[1].main(["soon"], checkout) == 2
    assert capsys.readouterr().err == "set_version: error: give one version, such as 0.2.0\n"


def test_a_name_that_is_not_here_is_refused(tools, capsys):
    assert tools[0].main(["ganzoo-tower"]) == 2
    assert "ganzoo-tower is not in this repository: ganzoo-core, ganzoo-acgan, " in capsys.readouterr().err


@pytest.mark.slow
def test_each_distribution_passes_its_tests_alone_from_its_wheel():
    done = subprocess.run([sys.executable, TOOLS / "release_check.py"], cwd="/", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(" passed") == 1 + len(list((ROOT / "plugins").glob("*/pyproject.toml")))
    assert "failed" not in done.stdout


@pytest.mark.slow
def test_a_plugin_whose_wheel_misses_a_file_is_found_out(tools, tmp_path, monkeypatch):
    """A copy of a project that leaves a module out of the wheel: its tests, run against the wheel, say so."""
    release_check, _ = tools
    project = shutil.copytree(ROOT / "plugins/ganzoo-lsgan", tmp_path / "ganzoo-lsgan")
    with (project / "pyproject.toml").open("a") as file:
        file.write('exclude = ["loss.py"]\n')
    core = release_check.build("ganzoo-core", ROOT, tmp_path)
    release = release_check.build("ganzoo-lsgan", project, tmp_path)
    with pytest.raises(release_check.ReleaseError, match=r"No module named 'ganzoo_lsgan\.loss'"):
        release_check.check(release, core, tmp_path, hidden=["ganzoo-core", *(path.name for path in (ROOT / "plugins").iterdir())])
