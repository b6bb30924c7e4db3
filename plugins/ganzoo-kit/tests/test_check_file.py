"""``ganzoo check FILE.py``: systems of several networks pass as files, with the configurations beside them as their recipes."""

import json
from pathlib import Path

import pytest

from ganzoo.cli import invoke

SYSTEMS = Path(__file__).parents[3] / "tests/third_party/systems"
NAMES = ["stylegan2", *(pytest.param(name, marks=pytest.mark.slow) for name in ("bigan", "cyclegan", "heads", "srgan"))]


@pytest.mark.parametrize("name", NAMES)  # stylegan2's path length needs two routes, which only its own generator has
def test_a_system_of_one_file_passes_all_checks(name, capsys):
    assert invoke(["check", str(SYSTEMS / f"{name}.py"), "--json"]) == 0, capsys.readouterr().err
    outcomes = json.loads(capsys.readouterr().out)["outcomes"]
    assert {outcome["status"] for outcome in outcomes} == {"ok"}
    assert ("trains", f"recipe {name}") in {(outcome["check"], outcome["component"]) for outcome in outcomes}
