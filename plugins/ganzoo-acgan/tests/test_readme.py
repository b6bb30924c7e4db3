import re
from pathlib import Path

import pytest

from ganzoo import DataSpec
from ganzoo.compat import check
from ganzoo.config import parse_config, resolve
from ganzoo.params import parameters_of
from ganzoo.registry import Registry

README = Path(__file__).parents[1] / "README.md"


def test_readme_names_every_parameter_and_no_other() -> None:
    own = [c for c in Registry.installed().components if c.distribution == "ganzoo-acgan"]
    named = set(re.findall(r"^\| `(\w+)` \|.*\|.*\|.*\|$", README.read_text(), re.MULTILINE))
    assert named == {parameter.name for component in own for parameter in parameters_of(component.load())}


def test_readme_example_fits() -> None:
    pytest.importorskip("ganzoo_vanilla", reason="the example names a component of it")
    example = re.search(r"```yaml\n(.*?)```", README.read_text(), re.DOTALL)
    assert example
    parts = resolve(parse_config(example[1]), Registry.installed())
    data = DataSpec({"sample": (1, 28, 28), "label": ()}, classes=10)
    verdict = check(parts.generator, parts.critic, parts.losses, parts.schedule, data)
    assert verdict.problems == []
