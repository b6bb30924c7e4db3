"""Our own distributions: versions in step from one place, and (slow) each passes its tests alone, from its wheel."""

import importlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from our_projects import COLLECTIONS

from ganzoo import API_VERSION, GanzooError, UserError

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / "tools"
sys.path.insert(0, str(TOOLS))
set_version = importlib.import_module("set_version")
building, command, trying, versions = (importlib.import_module(f"release.{name}") for name in ("building", "command", "trying", "versions"))


@pytest.fixture
def checkout(tmp_path):
    """A copy of every file that names the version."""
    for path in set_version.files():
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    return tmp_path


def test_versions_are_in_step():
    assert versions.out_of_step() == []


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
def test_what_is_not_in_step_is_named(name, old, new, checkout):
    path = checkout / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    (problem,) = versions.out_of_step(checkout)
    assert problem.startswith(f"{name} is not in step with ")
    assert "run tools/set_version.py" in problem


def test_the_version_is_set_in_one_place(checkout):
    assert set_version.main(["0.7.2"], checkout) == 0
    assert versions.out_of_step(checkout) == []
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


def test_what_is_no_version_is_refused(checkout, capsys):
    assert set_version.main(["soon"], checkout) == 2
    assert capsys.readouterr().err == "set_version: error: give one version, such as 0.2.0\n"


def test_only_the_versions_own_tag_is_published_and_only_with_a_date(checkout):
    set_version.main(["0.7.2"], checkout)
    assert versions.unready("v0.7.1", checkout) == [
        "the tag v0.7.1 is not that of version 0.7.2; run tools/set_version.py, commit, and tag that"
    ]
    (problem,) = versions.unready("v0.7.2", checkout)
    assert problem.startswith("CHANGELOG.md does not say when 0.7.2 was released; put the date beside it")
    changelog = checkout / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace("0.7.2 - unreleased", "0.7.2 - 2027-01-31"))
    assert versions.unready("v0.7.2", checkout) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ganzoo-tower"], "ganzoo-tower is not in this repository: ganzoo-core, ganzoo-acgan, "),
        (["--tag", "v99.0"], "the tag v99.0 is not that of version "),
        (["--out", str(TOOLS)], f"{TOOLS} exists already: name another folder with --out, or remove it"),
    ],
)
def test_what_cannot_be_released_is_refused_before_anything_is_built(arguments, said, capsys, monkeypatch):
    monkeypatch.setattr(command, "build", None)
    assert command.main(arguments) == 2
    assert f"release-check: error: {said}" in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["ganzoo", "hatchling", "pytest"])
def test_a_python_that_cannot_build_or_test_leaves_it_to_the_one_that_setup_made(missing, tmp_path):
    tools, stubs, made = tmp_path / "tools", tmp_path / "stubs", tmp_path / ".venv/bin/python"
    for folder in (tools, stubs, made.parent):
        folder.mkdir(parents=True)
    for name in ("release-check", "interpreter.py"):
        shutil.copy(TOOLS / name, tools)
    for module in {"ganzoo", "hatchling", "pytest"} - {missing}:
        (stubs / f"{module}.py").touch()
    made.write_text('#!/bin/sh\necho "$@"\n')
    made.chmod(0o755)
    words = [sys.executable, "-S", tools / "release-check", "ganzoo-lsgan"]  # -S: nothing that is installed is seen
    done = subprocess.run(words, env={**os.environ, "PYTHONPATH": str(stubs)}, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (f"{tools / 'release-check'} ganzoo-lsgan\n", "")


def release_of(name, folder):
    """A release of which nothing but its files matters."""
    for suffix in (".whl", ".tar.gz"):
        (folder / f"{name}{suffix}").write_text(name)
    return building.Release(name, folder / f"{name}.whl", folder / f"{name}.tar.gz")


def test_what_is_kept_is_a_folder_a_distribution_and_nothing_where_one_fails(tmp_path, monkeypatch, capsys):
    def attempt(release, alone, tested, folder, hidden):
        if release.name == "ganzoo-wgan":
            raise building.ReleaseError("a test fails")
        return "1 passed"

    monkeypatch.setattr(command, "build", lambda name, project, folder: release_of(name, folder))
    monkeypatch.setattr(command, "attempt", attempt)
    assert command.main(["ganzoo-core", "ganzoo-lsgan", "--out", str(tmp_path / "dist")]) == 0
    kept = {str(path.relative_to(tmp_path / "dist")) for path in (tmp_path / "dist").rglob("*.*")}
    assert kept == {f"{name}/{name}{suffix}" for name in ("ganzoo-core", "ganzoo-lsgan") for suffix in (".whl", ".tar.gz")}
    assert command.main(["ganzoo-lsgan", "ganzoo-wgan", "--out", str(tmp_path / "other")]) == 2
    assert capsys.readouterr().err == "release-check: error: ganzoo-wgan: a test fails\n"
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("failing", ["build", "attempt"])
@pytest.mark.parametrize("error", [UserError("pip is not in this environment", "install it"), GanzooError("the disk is full")])
def test_whatever_goes_wrong_with_one_is_said_and_the_others_are_still_tried(failing, error, monkeypatch, capsys):
    def work(stage, name):
        if (stage, name) == (failing, "ganzoo-lsgan"):
            raise error

    monkeypatch.setattr(command, "build", lambda name, project, folder: work("build", name) or release_of(name, folder))
    monkeypatch.setattr(command, "attempt", lambda release, alone, tested, folder, hidden: work("attempt", release.name) or "1 passed")
    assert command.main(["ganzoo-lsgan", "ganzoo-hinge"]) == 2
    told = capsys.readouterr()
    assert told.err == f"release-check: error: ganzoo-lsgan: {error}\n"
    assert told.out == "ganzoo-hinge: ganzoo-hinge.whl, ganzoo-hinge.tar.gz: 1 passed\n"


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (building.ReleaseError("it does not build: ?"), 2, "release-check: error: ganzoo-core: it does not build: ?\n"),
        (UserError("it is not a wheel", "build it again"), 2, "release-check: error: ganzoo-core: it is not a wheel; build it again\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_a_core_that_fails_and_an_interruption_end_without_a_traceback(raised, code, said, monkeypatch, capsys):
    def build(name, project, folder):
        raise raised

    monkeypatch.setattr(command, "build", build)
    assert command.main(["ganzoo-lsgan"]) == code
    assert capsys.readouterr().err == said


@pytest.mark.slow
def test_each_distribution_passes_its_tests_alone_from_its_wheel(tmp_path):
    words = [sys.executable, TOOLS / "release-check", "--out", tmp_path / "dist"]
    done = subprocess.run(words, cwd="/", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    projects = [command.name_of(project) for project in set_version.projects()]
    assert done.stdout.count(" passed") == len(projects) - len(COLLECTIONS)
    assert done.stdout.count(": it holds no code, and requires the others\n") == len(COLLECTIONS)
    assert "failed" not in done.stdout
    assert {path.name: len(list(path.iterdir())) for path in (tmp_path / "dist").iterdir()} == dict.fromkeys(projects, 2)


@pytest.mark.slow
def test_a_plugin_whose_wheel_misses_a_file_is_found_out(tmp_path):
    """A copy of a project that leaves a module out of the wheel: its tests, run against the wheel, say so."""
    project = shutil.copytree(ROOT / "plugins/ganzoo-lsgan", tmp_path / "ganzoo-lsgan")
    with (project / "pyproject.toml").open("a") as file:
        file.write('exclude = ["loss.py"]\n')
    beside = [building.build("ganzoo-core", ROOT, tmp_path), building.build("ganzoo-kit", ROOT / "plugins/ganzoo-kit", tmp_path)]
    release = building.build("ganzoo-lsgan", project, tmp_path)
    with pytest.raises(building.ReleaseError, match=r"No module named 'ganzoo_lsgan\.loss'"):
        trying.attempt(release, beside, beside, tmp_path, hidden=["ganzoo-core", *(path.name for path in (ROOT / "plugins").iterdir())])
