"""The README of each plugin of the repository: its table names every parameter and no other, its example fits."""

import re
from pathlib import Path

import pytest

from ganzoo import DataSpec
from ganzoo.compat import check
from ganzoo.config import parse_config, resolve
from ganzoo.params import parameters_of
from ganzoo.registry import Registry

READMES = {path.parent.name: path for path in sorted((Path(__file__).parents[2] / "plugins").glob("*/README.md"))}
DIGITS = DataSpec({"sample": (1, 28, 28), "label": ()}, classes=10)


def test_every_plugin_has_one():
    assert len(READMES) == len(list((Path(__file__).parents[2] / "plugins").glob("*/pyproject.toml"))) >= 8


@pytest.mark.parametrize("plugin", READMES)
def test_the_table_names_every_parameter_and_no_other(plugin):
    own = [component for component in Registry.installed().components if component.distribution == plugin]
    assert own
    named = set(re.findall(r"^\| `(\w+)` \|.*\|.*\|.*\|$", READMES[plugin].read_text(), re.MULTILINE))
    assert named == {parameter.name for component in own for parameter in parameters_of(component.load())}


@pytest.mark.parametrize("plugin", READMES)
def test_the_example_fits(plugin):
    example = re.search(r"```yaml\n(.*?)```", READMES[plugin].read_text(), re.DOTALL)
    assert example
    parts = resolve(parse_config(example[1]), Registry.installed())
    assert check(parts.generator, parts.critic, parts.losses, parts.schedule, DIGITS).problems == []
