"""``ganzoo info``: where a distribution departs from the papers, as the README in its metadata says."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from plugin_wheels import make_wheel

from ganzoo.commands.installed import describe
from ganzoo.registry import Registry

README = "# Tower\n\n## Departures\n\n- Höher als im Paper\n  gesagt.\n- 28 pixels.\n\n## Use\n\nSee ### above.\n"
PROJECTS = Path(__file__).parents[2]


def test_they_are_shown_of_what_is_installed_and_nothing_else_of_the_readme(tmp_path):
    for readme, said in ((README, "- Höher als im Paper\n  gesagt.\n- 28 pixels."), ("# Tower\n", "")):
        wheel = make_wheel(tmp_path, readme=readme)
        shown, as_json = (
            subprocess.run(
                [sys.executable, "-m", "ganzoo", "info", "tower", *more],
                env={**os.environ, "PYTHONPATH": str(wheel), "PYTHONIOENCODING": "utf-8"},
                capture_output=True,
                encoding="utf-8",
                check=True,
            ).stdout
            for more in ((), ("--json",))
        )
        assert json.loads(as_json)[0]["departures"] == said
        assert ("Departures of ganzoo-tower\n  - Höher als im Paper\n    gesagt.\n  - 28 pixels.\n" in shown) == bool(said)
        assert "Use" not in shown


@pytest.mark.parametrize("project", sorted(path.parent.name for path in PROJECTS.glob("*/pyproject.toml")))
def test_each_of_ours_that_has_the_section_shows_it(project):
    component = next((c for c in Registry.installed().components if c.distribution == project), None)
    if component is not None:
        written = "\n## Departures\n" in (PROJECTS / project / "README.md").read_text()
        assert bool(describe(component)["departures"]) == written
