"""The schema of a registry of stand-ins: what an editor shows, and components that cannot be used."""

import jsonschema
import pytest
from bad_configurations import BAD
from configurations import REGISTRY
from ganzoo_kit.json_schema import json_schema

from ganzoo.config.strict_yaml import parse

SCHEMA = json_schema(REGISTRY)


def test_the_schema_holds_what_an_editor_shows():
    assert SCHEMA["properties"]["data"]["description"]
    network = next(form for form in SCHEMA["$defs"]["critic"]["anyOf"] if form.get("type") == "object")
    assert network["properties"]["width"] == {"default": 64, "description": "channels.", "exclusiveMinimum": 0, "type": "integer"}
    assert network["properties"]["name"]["enum"] == ["mlp", "ganzoo-vanilla/mlp"]
    assert network["description"] == "A network."
    # A required parameter leaves the mapping as the one form.
    assert SCHEMA["$defs"]["loss"]["anyOf"][0]["enum"] == ["hinge", "ganzoo-vanilla/hinge"]
    assert SCHEMA["properties"]["schedule"]["default"] == "alternate"


@pytest.mark.parametrize("case", ["ambiguous component", "component that cannot be imported", "component with a bad constructor"])
def test_a_component_that_cannot_be_used_is_refused(case):
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(parse(BAD[case][0], "here").value)
