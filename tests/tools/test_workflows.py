"""The workflows of this repository: they test every promised Python and publish every distribution, with commands that exist."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from ganzoo.config import strict_yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github/workflows"
TEMPLATES = ROOT / "plugins/ganzoo-kit/ganzoo_kit/authoring/templates/project"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PYTHONS = [text.rpartition(" ")[2] for text in PROJECT["classifiers"] if re.search(r":: Python :: 3\.\d+$", text)]
WORKFLOWS = {path.stem: strict_yaml.read(path).value for path in FOLDER.glob("*.yml")}
JOBS = {f"{name}: {key}": job for name, workflow in WORKFLOWS.items() for key, job in workflow["jobs"].items()}


def steps(job):
    return job.get("steps", [])


def test_there_is_one_that_tests_and_one_that_publishes():
    assert WORKFLOWS.keys() == {"test", "release"}
    assert WORKFLOWS["test"]["on"].keys() == {"push", "pull_request", "workflow_call"}
    assert WORKFLOWS["release"]["on"] == {"push": {"tags": ["v*"]}}
    assert all(workflow["permissions"] == {"contents": "read"} for workflow in WORKFLOWS.values())


@pytest.mark.parametrize("job", JOBS)
def test_what_a_job_calls_exists(job):
    for step in steps(JOBS[job]):
        if "run" in step:
            command = ROOT / shlex.split(step["run"])[0]
            assert command.is_relative_to(ROOT / "tools"), step
            assert command.stat().st_mode & 0o111, step
    if "uses" in JOBS[job]:
        assert (ROOT / JOBS[job]["uses"]).is_file()
    assert set(JOBS[job].get("needs", "").split()) <= {name.partition(": ")[2] for name in JOBS}


def test_the_tests_are_those_of_the_repository():
    assert [step["run"] for step in steps(JOBS["test: test"]) if "run" in step] == ["./tools/test"]
    assert JOBS["release: build"]["needs"] == "test"
    assert JOBS["release: test"]["uses"] == "./.github/workflows/test.yml"


def test_the_arguments_of_release_check_are_arguments(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    from release.command import parser

    (words,) = (shlex.split(step["run"]) for step in steps(JOBS["release: build"]) if "release-check" in step.get("run", ""))
    asked = parser().parse_args(words[1:])
    assert (asked.tag, asked.names) == ("$GITHUB_REF_NAME", [])
    assert [step["with"]["path"] for step in steps(JOBS["release: build"]) if "path" in step.get("with", {})] == [f"{asked.out}/"]


def test_the_pythons_are_those_that_are_promised():
    assert PYTHONS == ["3.11", "3.12", "3.13", "3.14"]
    for name in ("test: test", "release: build"):
        assert JOBS[name]["strategy"]["matrix"]["python"] == PYTHONS
        assert JOBS[name]["env"]["PYTHON"] == "python${{ matrix.python }}"  # which tools/setup takes
    assert SpecifierSet(PROJECT["requires-python"]) == SpecifierSet(f">={PYTHONS[0]}")
    oldest, newest = (int(version.partition(".")[2]) for version in (PYTHONS[0], PYTHONS[-1]))
    assert f"(3, {oldest}) <= sys.version_info < (3, {newest + 1})" in (ROOT / "tools/setup").read_text()
    assert f"python: {PYTHONS}".replace("'", '"') in (TEMPLATES / "test.yml.j2").read_text()


def test_every_distribution_is_published_by_itself_the_core_first():
    job = JOBS["release: publish"]
    plugins = sorted(path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml"))
    assert job["strategy"]["matrix"]["distribution"] == ["ganzoo-core", *plugins]
    assert job["strategy"]["max-parallel"] == 1
    assert job["environment"] == "${{ matrix.distribution }}"  # by which the index tells them apart
    assert steps(job)[-1]["with"] == {"packages-dir": "dist/${{ matrix.distribution }}"}


def test_nothing_is_published_but_what_was_checked_and_without_a_token():
    job = JOBS["release: publish"]
    assert job["needs"] == "build"
    assert job["permissions"] == {"id-token": "write"}
    assert all("permissions" not in other for name, other in JOBS.items() if name != "release: publish")
    assert [step for step in steps(job) if "run" in step or "checkout" in step["uses"]] == []
    text = (FOLDER / "release.yml").read_text()
    assert "secrets" not in text
    assert "://" not in text


def actions(*paths):
    """Each action with the version that is asked for."""
    return {name: version for path in paths for name, version in re.findall(r"uses: ([\w/-]+)@(\S+)", path.read_text())}


def test_new_plugins_get_the_same_actions():
    assert actions(*FOLDER.glob("*.yml")) == actions(*TEMPLATES.glob("*.yml.j2"))
    assert len(actions(*FOLDER.glob("*.yml"))) == 5


def test_the_page_about_releases_names_what_exists():
    text = (ROOT / "docs/how-to/release.md").read_text()
    named = set(re.findall(r"(?<![\w/.])(?:tools|\.github|plugins)/[\w./-]*[\w/]", text))
    assert {"tools/release-check", "tools/set_version.py", "tools/public_api.py", ".github/workflows/release.yml"} <= named
    assert [name for name in named if not (ROOT / name).exists()] == []
