"""The JSON schema: it accepts every recipe, refuses what a run refuses, and explains every key to an editor."""

import functools
import json

import jsonschema
import pytest
from ganzoo_kit.json_schema import json_schema

from ganzoo.cli import invoke
from ganzoo.config import parse_config, resolve, strict_yaml
from ganzoo.errors import UserError
from ganzoo.plugins.recipes import recipes_among
from ganzoo.registry import Registry

RECIPES = [recipe.path for recipe in recipes_among(Registry.installed().plugins)]
SCHEMA = functools.cache(lambda: json_schema(Registry.installed()))
VALIDATOR = functools.cache(lambda: jsonschema.Draft202012Validator(SCHEMA()))
GOOD = """\
data: {name: digits, size: 32}
generator: {name: dcgan, width: 16}
critic: {name: dcgan, width: 16, norm: none}
loss: [wasserstein, {name: gradient_penalty, weight: 10}]
schedule: {name: alternate, critic_updates: 5}
optimizer:
  generator: {name: adam, lr: 1e-4, betas: [0.0, 0.9]}
train: {steps: 200, seed: 0, ema: 0.999, precision: auto}
log: {every: 50}
metrics: [{name: classifier_fid, every: 100}, modes]
observers: [tensorboard]
init: {generator: runs/a/weights/generator.safetensors}
"""
WRONG = {
    "a misspelt section": ("train:", "trian:"),
    "a misspelt key": ("steps:", "stepz:"),
    "a key of another section": ("log: {every: 50}", "log: {steps: 50}"),
    "a missing part": ("critic: {name: dcgan, width: 16, norm: none}\n", ""),
    "a part that is not installed": ("name: dcgan, width: 16}", "name: dgcan, width: 16}"),
    "a part of another kind": ("generator: {name: dcgan, width: 16}", "generator: wasserstein"),
    "a part without its name": ("{name: digits, size: 32}", "{size: 32}"),
    "a misspelt parameter": ("width: 16, norm", "widht: 16, norm"),
    "a parameter of another component": ("name: gradient_penalty, weight: 10", "name: gradient_penalty, clip: 10"),
    "a word for a number": ("steps: 200", "steps: many"),
    "a fraction for an integer": ("steps: 200", "steps: 2.5"),
    "zero steps": ("steps: 200", "steps: 0"),
    "a negative seed": ("seed: 0", "seed: -1"),
    "a number in quotes": ("width: 16}", 'width: "16"}'),
    "true for an integer": ("critic_updates: 5", "critic_updates: true"),
    "a decay of 1": ("ema: 0.999", "ema: 1"),
    "a choice that there is not": ("precision: auto", "precision: fp16"),
    "a choice of a parameter that there is not": ("norm: none", "norm: spectral"),
    "a list that is too short": ("betas: [0.0, 0.9]", "betas: [0.9]"),
    "a negative rate": ("lr: 1e-4", "lr: -1e-4"),
    "an unknown optimizer": ("name: adam", "name: adma"),
    "no loss at all": ("loss: [wasserstein, {name: gradient_penalty, weight: 10}]", "loss: []"),
    "an interval of zero": ("every: 100", "every: 0"),
    "a list for a mapping": ("log: {every: 50}", "log: [50]"),
}


def read(text):
    return strict_yaml.parse(text, "test").value


def refusal(text):
    """What a run says of a configuration; "" where it takes it."""
    try:
        resolve(parse_config(text), Registry.installed())
    except UserError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_is_accepted(path):
    VALIDATOR().validate(read(path.read_text(encoding="utf-8")))


def test_the_command_prints_this_schema_and_it_is_one(capsys):
    assert invoke(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(SCHEMA()))
    jsonschema.Draft202012Validator.check_schema(SCHEMA())


def test_what_uses_most_of_it_is_accepted_by_schema_and_run():
    VALIDATOR().validate(read(GOOD))
    assert refusal(GOOD) == ""


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_by_schema_and_run(name):
    before, after = WRONG[name]
    assert GOOD.count(before) == 1 or name in ("a misspelt key",)
    text = GOOD.replace(before, after)
    assert text != GOOD
    assert not VALIDATOR().is_valid(read(text))
    assert refusal(text)


def resolved(schema):
    """A subschema with what it refers to."""
    target = SCHEMA()["$defs"][schema["$ref"].removeprefix("#/$defs/")] if "$ref" in schema else {}
    return {**target, **schema}


def keys(schema, path=()):
    """(path, subschema) of every key below ``schema``, sections and components included."""
    for name, inner in schema.get("properties", {}).items():
        yield (*path, name), inner
        yield from keys(resolved(inner), (*path, name))


def test_every_key_has_a_hover_text():
    found = dict(keys(SCHEMA()))
    assert {("train", "steps"), ("data",), ("optimizer", "critic"), ("metrics",)} <= found.keys()
    assert [".".join(path) for path, inner in found.items() if len(resolved(inner).get("description", "")) < 10] == []


def test_every_parameter_of_every_component_has_a_hover_text():
    """And every component says what it is behind its name."""
    components = [
        (kind, inner)
        for kind in ("generator", "critic", "loss", "schedule", "dataset", "metric", "observer", "optimizer")
        for inner in SCHEMA()["$defs"][kind]["anyOf"]
        if isinstance(inner, dict) and inner.get("type") == "object"
    ]
    assert len(components) == len(Registry.installed().components)
    for kind, component in components:
        name = component["properties"]["name"]["enum"][0]
        assert len(component["description"]) > 15, f"{kind} {name}"
        for parameter, schema in component["properties"].items():
            assert len(schema.get("description", "")) > 3, f"{kind} {name}: {parameter}"
