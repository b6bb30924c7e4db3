"""The README of each plugin of the repository: its table names every parameter and no other, its example fits."""

import re
from dataclasses import replace

import pytest
from our_projects import PLUGINS
from written import ROOT

from ganzoo import DataSpec
from ganzoo.compat import check
from ganzoo.config import parse_config, resolve
from ganzoo.data.spec import describe_data
from ganzoo.params import parameters_of
from ganzoo.registry import Registry

GIVING = {component.distribution for component in Registry.installed().components if component.kind != "command"}
READMES = {name: ROOT / "plugins" / name / "README.md" for name in PLUGINS if name in GIVING}
"""Of those that give components."""
DIGITS = DataSpec({"sample": (1, 28, 28), "label": ()}, classes=10)


def data_of(part):
    """What an example's data holds; digits stand in for what lies in files."""
    if {"root", "file", "shards"} & {parameter.name for parameter in parameters_of(part.cls)}:
        return DIGITS
    few = {"count": 80} if "count" in part.params else {}
    dataset = replace(part, params=part.params | few).build()
    return describe_data(dataset, dataset.arrays(None))


def test_every_plugin_has_one():
    assert all(path.is_file() for path in READMES.values())
    assert len(READMES) >= 10


@pytest.mark.parametrize("plugin", READMES)
def test_the_table_names_every_parameter_and_no_other(plugin):
    own = [component for component in Registry.installed().components if component.distribution == plugin and component.kind != "command"]
    assert own
    cells = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|.*\|.*\|.*\|$", READMES[plugin].read_text(), re.MULTILINE)
    named = {name for cell in cells for name in re.findall(r"\w+", cell)}
    assert named == {parameter.name for component in own for parameter in parameters_of(component.load())}


@pytest.mark.parametrize("plugin", READMES)
def test_the_example_fits(plugin):
    example = re.search(r"```yaml\n(.*?)```", READMES[plugin].read_text(), re.DOTALL)
    assert example
    parts = resolve(parse_config(example[1]), Registry.installed())
    assert check(parts.generator, parts.critic, parts.losses, parts.schedule, data_of(parts.data)).problems == []
