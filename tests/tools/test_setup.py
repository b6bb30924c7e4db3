"""What ``tools/setup`` installs, and how; a stub stands in for the environment's Python."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STUB = '#!/bin/sh\necho "$@" >> calls\ncase "$*" in *install_quickly*) exit {code};; esac\n'


@pytest.mark.parametrize(("code", "by"), [(0, "tools/install_quickly.py"), (1, "pip")])
def test_projects_are_installed_by_uv_or_by_pip_and_what_else_lies_among_them_is_not(tmp_path, code, by):
    for name in ("tools/setup", ".venv/bin/python", ".venv/bin/ganzoo", "plugins/ganzoo-a/pyproject.toml", "plugins/__pycache__/x.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(STUB.format(code=code))
        (tmp_path / name).chmod(0o755)
    shutil.copy(ROOT / "tools/setup", tmp_path / "tools/setup")
    (tmp_path / "pyproject.toml").touch()

    def set_up():
        done = subprocess.run(["bash", "tools/setup"], cwd=tmp_path, env={**os.environ, "PYTHON": sys.executable}, capture_output=True)
        assert done.returncode == 0, done.stderr
        return (tmp_path / "calls").read_text().splitlines()

    calls = set_up()
    (last,) = [call for call in calls if "-e ." in call and by in call]
    assert "-e plugins/ganzoo-a " in last
    assert "__pycache__" not in last
    assert set_up() == calls  # up to date: nothing is done
