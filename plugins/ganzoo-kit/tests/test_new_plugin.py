"""``ganzoo new-plugin``: the project it writes is whole and works as it is, for every kind; what cannot be is refused in a line."""

import ast
import errno
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
import yaml
from ganzoo_kit.authoring.environment import make_environment, pip
from ganzoo_kit.testing.commands import command_cases
from packaging.requirements import Requirement

from ganzoo import hookspecs
from ganzoo.cli import invoke
from ganzoo.config import load_config
from ganzoo.hookspecs import GIVEN, KINDS
from ganzoo.registry import Registry
from ganzoo.testing import check_component

FILES = {
    *(
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "RELEASING.md",
        ".gitignore",
        ".github/workflows/test.yml",
        ".github/workflows/release.yml",
    ),
    *("ganzoo_two_towers/__init__.py", "ganzoo_two_towers/two_towers.py", "ganzoo_two_towers/py.typed"),
    "tests/test_two_towers.py",
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    work = tmp_path / "a folder, müßig"
    work.mkdir()
    monkeypatch.chdir(work)
    yield work
    for name in [name for name in sys.modules if name.startswith("ganzoo_two_towers")]:
        del sys.modules[name]


@pytest.fixture(params=GIVEN)
def kind(request):
    return request.param


@pytest.fixture
def project(kind, folder, capsys):
    assert invoke(["new-plugin", "two-towers", "--kind", kind]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "ganzoo-two-towers"
    return folder / "ganzoo-two-towers"


def listed(path):
    return {str(found.relative_to(path)) for found in path.rglob("*") if found.is_file()}


def test_the_project_is_whole(project, kind):
    recipe = f"ganzoo_two_towers/recipes/{'two_towers' if kind == 'dataset' else 'ring'}.yaml"
    assert listed(project) == (FILES if kind == "command" else FILES | {recipe})
    assert list(project.parent.iterdir()) == [project]  # nothing temporary is left
    about = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    assert about["entry-points"]["ganzoo"] == {"two_towers": "ganzoo_two_towers"}
    core = Requirement(about["dependencies"][0])
    assert {specifier.operator for specifier in core.specifier} == {">=", "<"}
    assert core.specifier.contains(importlib.metadata.version("ganzoo-core"))
    assert len((project / "ganzoo_two_towers/two_towers.py").read_text().splitlines()) <= 50
    readme = (project / "README.md").read_text()
    if kind == "command":
        assert "ganzoo two-towers --help" in readme
    else:
        assert "two_towers" in str(load_config(project / recipe))
        assert "ganzoo run ganzoo-two-towers:" in readme
    assert ("\n## Departures\n" in readme) == (kind not in ("dataset", "observer", "command"))
    assert "\n\n\n" not in readme
    for path in project.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert "{{" not in text.replace("${{", "")
            assert "{%" not in text
            assert text == "" or (text.endswith("\n") and not text.endswith("\n\n")), path


def test_the_workflows_test_and_publish_without_a_token(project):
    test, release = (yaml.safe_load((project / f".github/workflows/{name}.yml").read_text()) for name in ("test", "release"))
    assert test["jobs"]["test"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13", "3.14"]
    assert {"run": "pytest"} in test["jobs"]["test"]["steps"]
    publish = release["jobs"]["publish"]
    assert publish["permissions"] == {"id-token": "write"}
    assert publish["needs"] == "build"
    assert "secrets" not in (project / ".github/workflows/release.yml").read_text()
    assert "release.yml" in (project / "RELEASING.md").read_text()


def test_its_python_is_tidy(project):
    ruff = [sys.executable, "-m", "ruff"]
    options = ["--isolated", "--line-length", "140"]
    assert (
        subprocess.run(
            [*ruff, "check", "-q", *options, "--select", "E,F,W,I,UP,B,SIM,RUF,D1", "--ignore", "D1", "."], cwd=project
        ).returncode
        == 0
    )
    assert subprocess.run([*ruff, "format", "-q", "--check", *options, "."], cwd=project).returncode == 0


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=[pytest.mark.slow] if kind in ("generator", "critic", "loss") else []) for kind in KINDS],
    indirect=True,
)
def test_the_component_conforms_and_the_door_leads_to_it(project, kind, monkeypatch):
    monkeypatch.syspath_prepend(str(project))
    registry = Registry([importlib.metadata.EntryPoint("two_towers", "ganzoo_two_towers", "ganzoo")])
    assert [(c.kind, c.name) for c in registry.components] == [(kind, "two_towers")], registry.plugins
    cls = registry.components[0].load()
    assert {outcome.check: outcome.reason for outcome in check_component(kind, cls) if outcome.status == "failed"} == {}


@pytest.mark.parametrize("kind", ["command"], indirect=True)
def test_the_command_conforms_and_runs(project, folder, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(project))
    entry = importlib.metadata.EntryPoint("two_towers", "ganzoo_two_towers", "ganzoo")
    registry = Registry([*importlib.metadata.entry_points(group="ganzoo"), entry])
    cases = command_cases(registry, "(unknown)")
    assert [(case.name, case.run().reason) for case in cases] == [("command-two-towers-help", ""), ("command-two-towers-light", "")]
    monkeypatch.setattr(Registry, "installed", lambda: registry)
    (folder / "metrics.jsonl").write_text('{"event": "log", "generator/adversarial": 2}\n')
    assert invoke(["two-towers", str(folder)]) == 0
    assert capsys.readouterr().out == "generator/adversarial: 2\n"


@pytest.mark.slow
def test_its_tests_pass_untouched_without_a_network(project, tmp_path):
    """Built, installed into a clean environment, tested there: in under a minute."""
    started = time.perf_counter()
    environment = make_environment(tmp_path / "environment", without=[])
    pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(tmp_path), str(project))
    (wheel,) = tmp_path.glob("*.whl")
    environment.install(wheel)
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-rs"]
    isolated = {**environment.variables(), "NO_PROXY": "", "HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    done = subprocess.run([environment.python, "-m", "pytest", *options], cwd=project, env=isolated, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
    assert "SKIPPED" not in done.stdout  # the recipe among them was trained
    assert time.perf_counter() - started < 60


# What is refused, and that nothing is written then.


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["Tower!", "--kind", "loss"],
            "NAME: 'Tower!' is not a name for a plugin; use lower-case words joined by hyphens, at most 40 characters: tower",
        ),
        (["../tower", "--kind", "loss"], "is not a name for a plugin"),
        (["", "--kind", "loss"], "is not a name for a plugin"),
        (["x" * 41, "--kind", "loss"], "at most 40 characters"),
        (["tour-é", "--kind", "loss"], "is not a name for a plugin"),
        (["class", "--kind", "loss"], "'class' has a meaning of its own in Python or ganzoo"),
        (["none", "--kind", "loss"], "has a meaning of its own"),
        (["critic", "--kind", "critic"], "has a meaning of its own"),
        (["core", "--kind", "loss"], "has a meaning of its own"),
        (["ganzoo-lsgan", "--kind", "critic"], "NAME: ganzoo-lsgan is installed already; choose another name, or uninstall it"),
        (["least-squares", "--kind", "loss"], "ganzoo-lsgan gives a loss named 'least_squares' already; choose another name"),
        (["tower", "--kind", "los"], "--kind: 'los' is not a kind of component; did you mean 'loss'?"),
        (["tower"], "--kind: it is not said what the plugin gives; name a kind with --kind, or a file with --from"),
        (["tower", "--kind", "loss", "--like", "nowhere.yaml"], "nowhere.yaml: there is no such file"),
        (["tower", "--kind", "loss", "--like", "ganzoo-lsgan:rng"], "did you mean 'ganzoo-lsgan:ring'?"),
        (["tower", "--kind", "loss", "--out", "taken"], "--out: taken exists already; name another folder with --out, or remove it"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line_and_nothing_is_written(arguments, said, folder, capsys):
    (folder / "taken").mkdir()
    assert invoke(["new-plugin", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1
    assert [path.name for path in folder.iterdir()] == ["taken"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_said(folder, capsys):
    folder.chmod(0o500)
    try:
        assert invoke(["new-plugin", "tower", "--kind", "loss"]) == 2
    finally:
        folder.chmod(0o700)
    assert "cannot write ganzoo-tower: Permission denied" in capsys.readouterr().err


def test_a_file_in_the_way_of_the_folder_is_said(folder, capsys):
    (folder / "file").write_text("")
    assert invoke(["new-plugin", "tower", "--kind", "loss", "--out", "file/tower"]) == 2
    assert "cannot write file/tower: " in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["file"]


def test_a_disk_that_fills_leaves_nothing_behind(folder, monkeypatch, capsys):
    def full(self, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    assert invoke(["new-plugin", "tower", "--kind", "loss"]) == 2
    assert "cannot write ganzoo-tower: No space left on device" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_without_recipes_it_asks_for_a_configuration_to_start_from(folder, monkeypatch, capsys):
    monkeypatch.setattr("ganzoo_kit.authoring.sources.recipes_among", lambda plugins: [])
    assert invoke(["new-plugin", "tower", "--kind", "loss"]) == 2
    assert "--like: no installed plugin ships a recipe on 'ring' to start from" in capsys.readouterr().err
    (folder / "mine.yaml").write_text("data: digits\ngenerator: dcgan\ncritic: dcgan\nloss: non_saturating\n")
    assert invoke(["new-plugin", "tower", "--kind", "loss", "--like", "mine.yaml"]) == 0
    recipe = folder / "ganzoo-tower/ganzoo_tower/recipes/mine.yaml"
    assert "# Source: mine.yaml, with `tower` in it." in recipe.read_text()
    assert load_config(recipe).loss[0].name == "tower"
    extra = tomllib.loads((folder / "ganzoo-tower/pyproject.toml").read_text())["project"]["optional-dependencies"]["recipes"]
    assert [Requirement(text).name for text in extra] == ["ganzoo-dcgan"]


def test_every_kind_has_its_templates():
    folder = Path(importlib.util.find_spec("ganzoo_kit.authoring").origin).parent / "templates/kinds"
    assert {path.name for path in folder.iterdir() if path.is_dir()} == set(GIVEN)
    for kind in GIVEN:
        assert {path.name for path in (folder / kind).iterdir()} == {"component.py.j2", "test.py.j2", "about.md.j2"}


def test_names_in_all_their_forms(folder, capsys):
    assert invoke(["new-plugin", "ganzoo-two_towers", "--kind", "observer", "--out", "sub/there"]) == 0
    entry_point = ast.parse((folder / "sub/there/ganzoo_two_towers/__init__.py").read_text())
    functions = {node.name for node in ast.walk(entry_point) if isinstance(node, ast.FunctionDef)}
    assert functions == {hookspecs.hook_of("observer")}
    assert "class TwoTowers:" in (folder / "sub/there/ganzoo_two_towers/two_towers.py").read_text()
    assert json.loads(json.dumps(capsys.readouterr().out)).startswith("sub/there\n")
