"""What a session says of skipped tests: one line; in CI a failure where ``tools/setup`` should have brought what is missing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = """\
import pytest

@pytest.mark.skipif(True, reason="{reason}")
def test_marked(): pass

def test_called(): pytest.skip("{reason}")

@pytest.fixture
def absent(): pytest.skip("{reason}")

def test_in_a_fixture(absent): pass

@pytest.mark.xfail
def test_expected(): assert False

def test_good(): pass
"""
ABSENT = "no_such_package = __import__('pytest').importorskip('no_such_package')\n"


@pytest.fixture
def session(tmp_path):
    """``session(text, CI="1")``: pytest's exit code and its output for a file of tests, with this repository's conftest."""
    shutil.copy(ROOT / "conftest.py", tmp_path)
    (tmp_path / "pytest.ini").touch()

    def call(text, **variables):
        (tmp_path / "test_it.py").write_text(text)
        environment = {name: value for name, value in os.environ.items() if name not in ("CI", "GANZOO_CI")} | variables
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout

    return call


def test_the_last_lines_say_what_was_skipped_and_why(session):
    code, out = session(TESTS.format(reason="torch finds no CUDA device") + "def test_other(): pytest.skip('visdom is not installed')\n")
    assert code == 0
    assert "skipped: 4 (3 no CUDA device, 1 visdom is not installed)\n" in out


@pytest.mark.parametrize(
    ("variable", "reason"), [("CI", "chromium is not installed"), ("GANZOO_CI", "its data is not here (MNIST is not in data)")]
)
def test_in_ci_a_skip_for_what_setup_or_a_test_brings_is_a_failure(session, variable, reason):
    code, out = session(TESTS.format(reason=reason), **{variable: "true"})
    assert code == 1
    assert "1 failed, 1 passed, 1 xfailed, 2 errors" in out  # errors: what is skipped before the test begins
    assert f"tools/setup should have brought what is missing: {reason}" in out


def test_in_ci_a_file_that_is_skipped_as_a_whole_is_a_failure(session):
    assert session(ABSENT)[0] == 5
    code, out = session(ABSENT, CI="1")
    assert code == 2
    assert "could not import 'no_such_package'" in out


def test_in_ci_too_what_setup_cannot_bring_may_be_missing(session):
    assert session(TESTS.format(reason="torch finds no CUDA device"), CI="1")[0] == 0
    assert session(TESTS.format(reason="visdom is not installed"), CI="false")[0] == 0
