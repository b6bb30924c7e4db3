"""A distribution alone, from its wheel, in a clean environment: is it found there, and do its tests pass?"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from ganzoo_kit.authoring.environment import Environment, make_environment
from ganzoo_kit.authoring.wheel import read_wheel
from set_version import ROOT

from .building import CORE, Release, ReleaseError, unpack

CORE_TESTS = (
    "test_params.py",
    "test_registry.py",
    "config/test_strict_yaml.py",
    "test_turn.py",
    "compat/test_turn_rehearsed.py",
    "helpers/sites.py",
    "helpers/turn_players.py",
    "data/test_toys.py",
)
"""The core's tests that need no plugin, with what they share; the others train what plugins give."""
CONFORMANCE_TESTS = "tests/test_conformance.py"
CONFORMANCE = 'from ganzoo.testing import conformance_tests\n\ntest_conformance = conformance_tests("ganzoo-core")\n'
OF_THE_CHECKOUT = ("ganzoo-explore", "ganzoo-kit")
"""Distributions whose tests need files of the checkout besides their own: they run there, on what the wheel installed."""
RUFF = Path(sys.executable).with_name("ruff")
"""The program of a lent package, which the kit's tests call."""
OPTIONS = ("-q", "-p", "no:cacheprovider", "--import-mode=importlib", "-m", "not slow and not gpu")


def attempt(release: Release, alone: Sequence[Release], tested: Sequence[Release], folder: Path, hidden: list[str]) -> str:
    """Install the wheel with what it requires, and import its components; then run all its tests, beside what they need.

    Args:
        release: what is tried.
        alone: what it requires, with the core and the kit.
        tested: what its tests need, and what that requires.
        folder: for environments and tests.
        hidden: what the clean environment may not see of the present one.

    Returns:
        How many passed, or that it holds no code.

    Raises:
        ReleaseError: where it is found elsewhere, or a test fails.
    """
    if not read_wheel(release.wheel).modules:
        return "it holds no code, and requires the others"
    environment = make_environment(folder / "environments" / release.name, without=hidden)
    wheels = dict.fromkeys(other.wheel for other in (*alone, release))
    for wheel in wheels:
        environment.install(wheel)
    module = read_wheel(release.wheel).modules[0]
    _refuse_sources(environment, module, {release.name, *(other.name for other in alone)})
    (environment.folder / "bin" / RUFF.name).symlink_to(RUFF)
    tests = _tests_of(release, folder)
    if (tests / CONFORMANCE_TESTS).exists():
        _run(environment, tests, CONFORMANCE_TESTS, folder, "-k", "loads")
    for wheel in dict.fromkeys(other.wheel for other in tested).keys() - wheels.keys():
        environment.install(wheel)
    if release.name in OF_THE_CHECKOUT:
        return _run(environment, ROOT, f"plugins/{release.name}/tests", folder, "-o", "addopts=")  # which hide how many passed
    return _run(environment, tests, "tests", folder)


def _run(environment: Environment, tests: Path, which: str, folder: Path, *options: str) -> str:
    """Run tests; returns how many passed."""
    done = subprocess.run(
        [environment.python, "-P", "-m", "pytest", *OPTIONS, *options, which],
        cwd=tests,
        env={**environment.variables(), "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"), "GANZOO_CACHE": str(folder / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    if options and done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED:  # it has no components
        return ""
    last = next((line for line in reversed(done.stdout.splitlines()) if re.search(r"\d+ (passed|failed|error)", line)), "")
    if done.returncode or not last:
        failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR", "E  "))]
        raise ReleaseError("; ".join(failed[-3:]) or (done.stdout + done.stderr)[-300:])
    return last


def _refuse_sources(environment: Environment, module: str, beside: set[str]) -> None:
    """The module and the core come from the environment, and no plugin is there but those of ``beside``."""
    code = f"import {module}, ganzoo; from ganzoo.registry import Registry; print(ganzoo.__file__, {module}.__file__)"
    code += "; print(*{p.distribution for p in Registry.installed().plugins if not p.broken})"
    words = [str(environment.python), "-P", "-c", code]
    done = subprocess.run(words, env=dict(environment.variables()), capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReleaseError(f"it cannot be imported: {done.stderr.strip().splitlines()[-1]}")
    files, plugins = done.stdout.splitlines()
    if elsewhere := [file for file in files.split() if not Path(file).is_relative_to(environment.folder)]:
        raise ReleaseError(f"{elsewhere[0]} is not in the clean environment")
    if set(plugins.split()) - beside:
        raise ReleaseError(f"other plugins are in the clean environment: {plugins}")


def _tests_of(release: Release, folder: Path) -> Path:
    """A folder with the tests to be run and no sources."""
    place = folder / "tests" / release.name
    if release.name == CORE:
        (place / "tests").mkdir(parents=True)
        for name in CORE_TESTS:
            (place / "tests" / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / "tests" / name, place / "tests" / name)
        (place / CONFORMANCE_TESTS).write_text(CONFORMANCE, encoding="utf-8")
        (place / "pytest.ini").write_text("[pytest]\npythonpath = tests/helpers\n", encoding="utf-8")
        return place
    source = unpack(release.sdist, place)
    shutil.rmtree(source / read_wheel(release.wheel).modules[0])
    return source
