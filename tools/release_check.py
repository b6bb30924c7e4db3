"""Checks every distribution of this repository as it would be released.

    .venv/bin/python tools/release_check.py                 all of them
    .venv/bin/python tools/release_check.py ganzoo-lsgan    some of them

1. Versions are in step: every project, the ranges by which they require each other, ``CITATION.cff``, a heading in the changelog.
2. Each project is built as sdist and wheel; the wheel that the sdist gives holds the same files.
3. Each wheel is installed into a clean environment outside of the checkout: with the core alone, no other plugin, none of these
   sources. Torch and other packages are lent by the present environment.
4. There, its own tests run: those that its sdist brings, whose package folder is removed first.

The tests of the core that need no plugin are ``CORE_TESTS``; the others train what plugins give.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import set_version

from ganzoo.authoring.environment import Environment, make_environment
from ganzoo.authoring.wheel import read_wheel, wheel_findings

ROOT = Path(__file__).resolve().parents[1]
CORE = "ganzoo-core"
CORE_TESTS = ("test_params.py", "test_registry.py", "test_strict_yaml.py", "test_turn.py", "test_data_toys.py", "test_metrics_frechet.py")
CONFORMANCE = 'from ganzoo.testing import conformance_tests\n\ntest_conformance = conformance_tests("ganzoo-core")\n'
OPTIONS = ("-q", "-p", "no:cacheprovider", "--import-mode=importlib", "-m", "not slow and not gpu")


class ReleaseError(Exception):
    """What keeps a distribution from being released."""


@dataclass(frozen=True)
class Release:
    """One project with what was built of it."""

    name: str
    folder: Path
    wheel: Path
    sdist: Path


def main(names: list[str]) -> int:
    """Check the named distributions, or all; a line each, exit code 2 where one may not be released."""
    problems = out_of_step()
    with tempfile.TemporaryDirectory(prefix="ganzoo-release-") as folder:
        known = {_name(project): project for project in set_version.projects()}
        if unknown := sorted(set(names) - known.keys()):
            problems.append(f"{unknown[0]} is not in this repository: {', '.join(known)}")
        elif not problems:
            problems += [f"{name}: {problem}" for name, problem in _check_all(known, names or list(known), Path(folder)) if problem]
    for problem in problems:
        print(f"release_check: error: {problem}", file=sys.stderr)
    return 2 if problems else 0


def out_of_step(root: Path = ROOT) -> list[str]:
    """The files that name another version, or other ranges, than the core's own."""
    version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    wrong = [path for path in set_version.files(root) if set_version.wanted(path, version) != path.read_text(encoding="utf-8")]
    return [f"{path.relative_to(root)} is not in step with {version}; run tools/set_version.py {version}" for path in wrong]


def _check_all(known: dict[str, Path], names: list[str], folder: Path) -> Iterator[tuple[str, str]]:
    core = build(CORE, known[CORE], folder)
    for name in names:
        try:
            release = core if name == CORE else build(name, known[name], folder)
            summary = check(release, core, folder, hidden=list(known))
            print(f"{name}: {release.wheel.name}, {release.sdist.name}: {summary}", flush=True)
            yield name, ""
        except ReleaseError as error:
            yield name, str(error)


def build(name: str, project: Path, folder: Path) -> Release:
    """Build sdist and wheel, and the wheel that the sdist gives.

    Raises:
        ReleaseError: where one does not build, says something wrong of itself, or the two wheels differ.
    """
    out = folder / "dist" / name
    _run(["-m", "hatchling", "build", "--directory", str(out)], cwd=project)
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    faults = [finding.reason for finding in wheel_findings(read_wheel(wheel)) if finding.status == "failed"] if name != CORE else []
    if faults:
        raise ReleaseError(faults[0])
    source = unpack(sdist, folder / "sources" / name)
    _run(["-m", "hatchling", "build", "--target", "wheel", "--directory", str(out / "again")], cwd=source)
    (again,) = (out / "again").glob("*.whl")
    if different := contents(wheel) ^ contents(again):
        raise ReleaseError(f"the sdist gives another wheel than the checkout: {sorted(different)[0]} is only in one")
    return Release(name, project, wheel, sdist)


def unpack(sdist: Path, folder: Path) -> Path:
    """The folder that an sdist holds."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.iterdir()
    return source


def contents(wheel: Path) -> set[str]:
    """What a wheel holds, without its list of hashes."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/RECORD")}


def check(release: Release, core: Release, folder: Path, hidden: list[str]) -> str:
    """Install the wheel beside the core's alone, and run its tests there; returns how many passed.

    Raises:
        ReleaseError: where it is found elsewhere, or a test fails.
    """
    environment = make_environment(folder / "environments" / release.name, without=hidden)
    for wheel in dict.fromkeys([core.wheel, release.wheel]):
        environment.install(wheel)
    module = read_wheel(release.wheel).modules[0]
    _refuse_sources(environment, module)
    tests = _tests_of(release, folder)
    done = subprocess.run(
        [environment.python, "-P", "-m", "pytest", *OPTIONS, "tests"],
        cwd=tests,
        env={**environment.variables(), "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"), "GANZOO_CACHE": str(folder / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    last = next((line for line in reversed(done.stdout.splitlines()) if re.search(r"\d+ (passed|failed|error)", line)), "")
    if done.returncode or not last:
        failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR", "E  "))]
        raise ReleaseError("; ".join(failed[-3:]) or (done.stdout + done.stderr)[-300:])
    return last


def _refuse_sources(environment: Environment, module: str) -> None:
    """The module and the core come from the environment, and no other plugin is there."""
    code = f"import {module}, ganzoo; from ganzoo.registry import Registry; print(ganzoo.__file__, {module}.__file__)"
    code += "; print(*{p.distribution for p in Registry.installed().plugins if not p.broken})"
    words = [str(environment.python), "-P", "-c", code]
    done = subprocess.run(words, env=dict(environment.variables()), capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReleaseError(f"it cannot be imported: {done.stderr.strip().splitlines()[-1]}")
    files, plugins = done.stdout.splitlines()
    if elsewhere := [file for file in files.split() if not Path(file).is_relative_to(environment.folder)]:
        raise ReleaseError(f"{elsewhere[0]} is not in the clean environment")
    if set(plugins.split()) - {CORE, _dashed(module)}:
        raise ReleaseError(f"other plugins are in the clean environment: {plugins}")


def _tests_of(release: Release, folder: Path) -> Path:
    """A folder with the tests to be run and no sources."""
    place = folder / "tests" / release.name
    if release.name == CORE:
        (place / "tests").mkdir(parents=True)
        for name in CORE_TESTS:
            shutil.copy(ROOT / "tests" / name, place / "tests" / name)
        (place / "tests/test_conformance.py").write_text(CONFORMANCE, encoding="utf-8")
        return place
    source = unpack(release.sdist, place)
    shutil.rmtree(source / read_wheel(release.wheel).modules[0])
    return source


def _run(words: list[str], cwd: Path) -> None:
    done = subprocess.run([sys.executable, *words], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReleaseError(f"it does not build: {done.stderr.strip()[-300:]}")


def _name(project: Path) -> str:
    return str(tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]["name"])


def _dashed(module: str) -> str:
    return module.replace("_", "-")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
