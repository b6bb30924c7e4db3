"""A configuration is read strictly, refused in one line that names key and remedy, and resolved completely."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Literal

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganzoo.config import (
    Part,
    RunConfig,
    TrainConfig,
    differences,
    load_config,
    parse_config,
    resolve,
    resolved_values,
    resolved_yaml,
)
from ganzoo.config.schema import json_schema
from ganzoo.config.settings import SECTIONS
from ganzoo.config.strict_yaml import parse
from ganzoo.errors import UserError
from ganzoo.params import Fraction, NonNegativeFloat, PositiveInt
from ganzoo.registry import Component, Registry


class Points:
    """Points on a ring.

    Args:
        modes: how many clusters.
        root: where they lie.
    """

    def __init__(self, *, modes: PositiveInt = 8, root: Path = Path("data")) -> None:
        self.modes = modes


class Network:
    """A network.

    Args:
        width: channels.
        norm: which normalisation.
        dropout: share of dropped activations.
        bias: whether layers have one.
        sizes: of hidden layers.
        betas: two numbers.
        scale: a number or a word.
    """

    def __init__(
        self,
        data: object,
        *,
        width: PositiveInt = 64,
        norm: Literal["batch", "layer", "none"] = "batch",
        dropout: Fraction = 0.0,
        bias: bool = True,
        sizes: tuple[PositiveInt, ...] = (128, 256),
        betas: tuple[float, float] = (0.0, 1.0),
        scale: float | Literal["auto"] = "auto",
    ) -> None:
        self.width = width


class Penalty:
    """A penalty with a weight that has no default."""

    def __init__(self, data: object, *, weight: NonNegativeFloat) -> None:
        if weight == 13:
            raise UserError("13 is unlucky", "take 12")


class Adversarial:
    """A loss without parameters."""

    def __init__(self, data: object) -> None: ...


class Alternate:
    """The plain schedule."""

    def __init__(self, data: object, *, critic_updates: PositiveInt = 1) -> None: ...


class Distance:
    """A metric."""

    def __init__(self, data: object, *, samples: PositiveInt = 1000) -> None: ...


class Watcher:
    """An observer."""


class Unusable:
    """Its constructor cannot be called from YAML."""

    def __init__(self, data: object, width: int) -> None: ...


def make_registry() -> Registry:
    registry = Registry([])
    registry.components = [
        Component("dataset", "ring", Points, "ganzoo-core", "0.1"),
        Component("generator", "mlp", Network, "ganzoo-vanilla", "1.0"),
        Component("generator", "net", Network, "ganzoo-one", "1.0"),
        Component("generator", "net", Network, "ganzoo-two", "2.0"),
        Component("generator", "gone", "no_such_module_here:Class", "ganzoo-gone", "1.0"),
        Component("generator", "unusable", Unusable, "ganzoo-gone", "1.0"),
        Component("critic", "mlp", Network, "ganzoo-vanilla", "1.0"),
        Component("loss", "hinge", Adversarial, "ganzoo-vanilla", "1.0"),
        Component("loss", "penalty", Penalty, "ganzoo-penalty", "3.1"),
        Component("schedule", "alternate", Alternate, "ganzoo-core", "0.1"),
        Component("metric", "distance", Distance, "ganzoo-core", "0.1"),
        Component("observer", "watcher", Watcher, "ganzoo-core", "0.1"),
    ]
    return registry


REGISTRY = make_registry()
GOOD = """\
data: ring
generator: {name: mlp, width: 32}
critic:
  name: mlp
  norm: none
loss: [hinge, {name: penalty, weight: 10}]
optimizer:
  critic: {name: adam, lr: 1e-4, betas: [0, 0.9]}
train: {steps: 5, ema: 0.99, matmul: high}
metrics: [{name: distance, every: 100, samples: 50}]
observers: [watcher]
"""
MINIMAL = "data: ring\ngenerator: mlp\ncritic: mlp\nloss: hinge\n"


def test_a_good_configuration_is_read() -> None:
    config = parse_config(GOOD)
    assert config.data == Part("ring")
    assert config.generator == Part("mlp", {"width": 32})
    assert config.loss == [Part("hinge"), Part("penalty", {"weight": 10})]
    assert config.schedule == Part("alternate")
    assert config.optimizer.generator == Part("adam")
    assert config.train == TrainConfig(steps=5, ema=0.99, matmul="high")
    assert config.metrics[0].every == 100
    assert config.metrics[0].params == {"samples": 50}


def test_one_loss_is_a_list_of_one() -> None:
    assert parse_config(MINIMAL).loss == [Part("hinge")]
    assert parse_config(MINIMAL.replace("hinge", "{name: penalty, weight: 2}")).loss == [Part("penalty", {"weight": 2})]


def test_a_configuration_made_in_python_equals_the_one_read() -> None:
    made = RunConfig(data=Part("ring"), generator=Part("mlp"), critic=Part("mlp"), loss=[Part("hinge")])
    assert made == parse_config(MINIMAL)
    assert made.where("critic") == ""
    assert resolve(made, REGISTRY).critic.params["width"] == 64


# text, line, key, fragment of the message: what is wrong and what to do.
BAD = {
    "empty": ("", 1, "", "needs data, generator"),
    "a list": ("- data", 1, "", "expects a mapping"),
    "no space after the colon": ("data:ring", 1, "", "space after the colon"),
    "no data": ("generator: mlp\ncritic: mlp\nloss: hinge", 1, "data", "ganzoo list --kind dataset"),
    "no loss": ("data: ring\ngenerator: mlp\ncritic: mlp", 1, "loss", "is missing"),
    "misspelt section": (MINIMAL + "trian: {steps: 5}", 5, "trian", "did you mean 'train'?"),
    "misspelt required key": (MINIMAL.replace("critic", "critc"), 3, "critc", "did you mean 'critic'?"),
    "unknown key": (MINIMAL + "zzz: 1", 5, "zzz", "keys: checkpoint, critic, data"),
    "key of a section": (MINIMAL + "steps: 5", 5, "steps", "train: {steps: ...}"),
    "misspelt key of a section": (MINIMAL + "train:\n  seed: 1\n  stepz: 5", 7, "train.stepz", "did you mean 'steps'?"),
    "glued key": (MINIMAL + "train: {steps:5}", 5, "train.steps:5", "steps: 5"),
    "a word for an integer": (MINIMAL + "train: {steps: ten}", 5, "train.steps", "expects an integer > 0, found the string 'ten'"),
    "a quoted integer": (MINIMAL + "train: {steps: '5'}", 5, "train.steps", "write 5 without quotes"),
    "digits in groups": (MINIMAL + "train: {steps: 10_000}", 5, "train.steps", "write 10000"),
    "a float for an integer": (MINIMAL + "train: {steps: 1e5}", 5, "train.steps", "write 100000"),
    "true for an integer": (MINIMAL + "train: {steps: true}", 5, "train.steps", "found true"),
    "too small": (MINIMAL + "train: {steps: 0}", 5, "train.steps", "an integer > 0, found 0"),
    "negative seed": (MINIMAL + "train: {seed: -1}", 5, "train.seed", ">= 0"),
    "nan": (MINIMAL + "train: {ema: .nan}", 5, "train.ema", "not finite"),
    "overflow": (MINIMAL + "train: {ema: 1e999}", 5, "train.ema", "not finite"),
    "ema of one": (MINIMAL + "train: {ema: 1}", 5, "train.ema", ">= 0 and < 1, or null"),
    "unknown precision": (MINIMAL + "train: {precision: fp16}", 5, "train.precision", "auto, fp32 or bf16"),
    "misspelt choice": (MINIMAL + "train: {matmul: hihg}", 5, "train.matmul", "did you mean 'high'?"),
    "unknown device": (MINIMAL + "train: {device: gpu}", 5, "train.device", "cuda:N"),
    "a device with a tail": (MINIMAL + "train: {device: 'cuda:1 '}", 5, "train.device", "cuda:N"),
    "section without keys": (MINIMAL + "train:", 5, "train", "its keys: steps"),
    "section as a word": (MINIMAL + "optimizer: adam", 5, "optimizer", "its keys: generator, critic"),
    "section as a list": (MINIMAL + "log: [50]", 5, "log", "found the list [50]"),
    "empty loss": (MINIMAL.replace("hinge", "[]"), 4, "loss", "found an empty list"),
    "a number for a part": (MINIMAL.replace("ring", "5"), 1, "data", "the name of a dataset"),
    "a part without a name": (MINIMAL.replace("ring", "{modes: 5}"), 1, "data.name", "is missing"),
    "a part with a misspelt name key": (MINIMAL.replace("hinge", "[{nmae: hinge}]"), 4, "loss.0.name", "write 'name' for 'nmae'"),
    "a number for a name": (MINIMAL.replace("ring", "{name: 5}"), 1, "data.name", 'write "5" in quotes'),
    "metrics as a name": (MINIMAL + "metrics: distance", 5, "metrics", "in brackets"),
    "metric every 0": (MINIMAL + "metrics:\n- name: distance\n  every: 0", 7, "metrics.0.every", "an integer > 0, or null"),
    "init as a list": (MINIMAL + "init: [a]", 5, "init", "expects a mapping"),
    "init to a number": (MINIMAL + "init: {generator: 5}", 5, "init.generator", 'write "5"'),
    "duplicate key": (MINIMAL + "data: ring", 5, "data", "first on line 1"),
    "alias": (MINIMAL + "x: *y", 5, "x", "alias"),
    "tag": (MINIMAL + "x: !!python/name:os.system", 5, "x", "tag"),
    "merge": (MINIMAL + "train: {<<: {}}", 5, "train", "merge key"),
    "unclosed": (MINIMAL + "train: {", 5, "", "never closed"),
    # What only the registry and the component's class can tell.
    "unknown component": (MINIMAL.replace("critic: mlp", "critic: mpl"), 3, "critic", "did you mean 'mlp'?"),
    "component of another kind": (MINIMAL.replace("hinge", "mlp"), 4, "loss", "installed: hinge, penalty"),
    "ambiguous component": (MINIMAL.replace("generator: mlp", "generator: net"), 2, "generator", "ganzoo-one/net' or 'ganzoo-two/net"),
    "component that cannot be imported": (
        MINIMAL.replace("generator: mlp", "generator: gone"),
        2,
        "generator",
        "repair or uninstall ganzoo-gone",
    ),
    "component with a bad constructor": (MINIMAL.replace("generator: mlp", "generator: unusable"), 2, "generator", "keyword-only"),
    "misspelt parameter": (MINIMAL.replace("critic: mlp", "critic:\n  name: mlp\n  widht: 3"), 5, "critic.widht", "did you mean 'width'?"),
    "parameter of a part without any": (MINIMAL.replace("hinge", "{name: hinge, a: 1}"), 4, "loss.a", "parameters: none"),
    "missing parameter": (MINIMAL.replace("hinge", "[hinge, penalty]"), 4, "loss.1.weight", "add 'weight: ...', a number >= 0"),
    "true for a number": (MINIMAL.replace("hinge", "{name: penalty, weight: true}"), 4, "loss.weight", "a number >= 0, found true"),
    "nan for a number": (MINIMAL.replace("hinge", "{name: penalty, weight: .nan}"), 4, "loss.weight", "not finite"),
    "yes for true": (MINIMAL.replace("critic: mlp", "critic: {name: mlp, bias: yes}"), 3, "critic.bias", "write true"),
    "one for true": (MINIMAL.replace("critic: mlp", "critic: {name: mlp, bias: 1}"), 3, "critic.bias", "true or false, found 1"),
    "unknown choice": (MINIMAL.replace("critic: mlp", "critic: {name: mlp, norm: bacth}"), 3, "critic.norm", "did you mean 'batch'?"),
    "too few numbers": (MINIMAL.replace("critic: mlp", "critic: {name: mlp, betas: [1]}"), 3, "critic.betas", "a list of 2, each a number"),
    "too many numbers": (MINIMAL.replace("critic: mlp", "critic: {name: mlp, betas: [1, 2, 3]}"), 3, "critic.betas", "a list of 2"),
    "a word in a list": (
        MINIMAL.replace("critic: mlp", "critic: {name: mlp, betas: [1, a]}"),
        3,
        "critic.betas.1",
        "a number, found the string 'a'",
    ),
    "a number for a list": (
        MINIMAL.replace("critic: mlp", "critic: {name: mlp, sizes: 3}"),
        3,
        "critic.sizes",
        "in brackets; the default is [128, 256]",
    ),
    "neither of two types": (MINIMAL.replace("critic: mlp", "critic: {name: mlp, scale: big}"), 3, "critic.scale", "a number, or auto"),
    "unknown optimizer": (MINIMAL + "optimizer: {critic: adamw}", 5, "optimizer.critic", "did you mean 'adam'?"),
    "optimizer parameter": (MINIMAL + "optimizer: {critic: {name: sgd, beta: 1}}", 5, "optimizer.critic.beta", "parameters: lr, momentum"),
    "learning rate of zero": (MINIMAL + "optimizer: {critic: {name: adam, lr: 0}}", 5, "optimizer.critic.lr", "a number > 0"),
    "beta of one": (
        MINIMAL + "optimizer: {critic: {name: adam, betas: [0.5, 1]}}",
        5,
        "optimizer.critic.betas.1",
        "< 1, found 1; the default is 0.999",
    ),
    "nesterov without momentum": (
        MINIMAL + "optimizer:\n  critic:\n    name: sgd\n    nesterov: true",
        8,
        "optimizer.critic.nesterov",
        "momentum",
    ),
    "the same loss twice": (MINIMAL.replace("hinge", "[hinge, hinge]"), 4, "loss.1", "repeats loss.0"),
    "first of two errors": ("data: ring\ngenerator: 5\ncritic: 6\nloss: hinge", 2, "generator", "found 5"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_configuration_is_refused_in_one_line(case: str) -> None:
    text, line, key, fragment = BAD[case]
    with pytest.raises(UserError) as caught:
        resolve(parse_config(text, source="run.yaml"), REGISTRY)
    message = str(caught.value)
    assert (caught.value.where, caught.value.key) == (f"run.yaml:{line}", key)
    assert fragment in message
    assert caught.value.remedy
    assert "\n" not in message
    for jargon in ("pydantic", "Input should", "validation error", "str_type"):
        assert jargon not in message


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("train.steps=50", "train.steps", 50),
        ("train.ema=null", "train.ema", None),
        ("loss.1.weight=5", "loss.1.params", {"weight": 5}),
        ("data.modes=3", "data.params", {"modes": 3}),
        ("critic={name: mlp, width: 8}", "critic.params", {"width": 8}),
        ("generator=mlp", "generator.params", {}),
        ("loss=hinge", "loss.0.name", "hinge"),
        ("loss=[penalty]", "loss.0.name", "penalty"),
        ("schedule.critic_updates=5", "schedule", Part("alternate", {"critic_updates": 5})),
        ("optimizer.generator.lr=1e-3", "optimizer.generator", Part("adam", {"lr": 1e-3})),
        ("optimizer.generator=sgd", "optimizer.generator.name", "sgd"),
        ("observers.0.x=1", "observers.0", Part("watcher", {"x": 1})),
        ("metrics.0.every=7", "metrics.0.every", 7),
        ("sample.count=9", "sample.count", 9),
        ("init.generator=a=b", "init", {"generator": "a=b"}),
    ],
)
def test_an_override_sets_one_value(override: str, path: str, value: object) -> None:
    found: object = parse_config(GOOD, [override])
    for segment in path.split("."):
        found = found[int(segment)] if isinstance(found, list) else getattr(found, segment)
    assert found == value


def test_overrides_apply_in_order() -> None:
    config = parse_config(MINIMAL, ["loss.weight=5", "loss.name=penalty", "train.steps=1", "train.steps=2"])
    assert config.loss == [Part("penalty", {"weight": 5})]
    assert config.train.steps == 2


@pytest.mark.parametrize(
    ("override", "key", "fragment"),
    [
        ("train.steps", "", "KEY.PATH=VALUE"),
        ("=5", "", "KEY.PATH=VALUE"),
        ("train..steps=5", "", "KEY.PATH=VALUE"),
        ("train.steps=", "train.steps", "no value"),
        ("train.steps=[", "train.steps", "never closed"),
        ("train.steps=*a", "train.steps", "alias"),
        ("a." * 30 + "b=1", "", "more than 20"),
        ("train.steps=ten", "train.steps", "found the string 'ten'"),
        ("train.stepz=10", "train.stepz", "did you mean 'steps'?"),
        ("trian.steps=10", "trian", "did you mean 'train'?"),
        ("train.steps.x=1", "train.steps.x", "which has no keys"),
        ("critic.name.x=1", "critic.name.x", "which has no keys"),
        ("loss.2.weight=1", "loss.2.weight", "loss.0 to loss.1"),
        ("loss.weight=1", "loss.weight", "has no item 'weight'"),
        ("loss." + "9" * 5000 + "=hinge", "loss." + "9" * 57 + "...", "has no item"),
        ("metrics.1=distance", "metrics.1", "no item '1'"),
        ("critic.widht=1", "critic.widht", "did you mean 'width'?"),
        ("critic=mpl", "critic", "did you mean 'mlp'?"),
        ("loss.1.weight=-1", "loss.1.weight", ">= 0"),
    ],
)
def test_a_bad_override_is_named(override: str, key: str, fragment: str) -> None:
    with pytest.raises(UserError) as caught:
        resolve(parse_config(GOOD, [override]), REGISTRY)
    assert (caught.value.where, caught.value.key) == (f"-o {override}", key)
    assert fragment in str(caught.value)


def test_where_finds_the_line_or_the_override() -> None:
    config = parse_config(GOOD, ["critic.width=3", "train.seed=1"], source="run.yaml")
    assert config.where("critic.norm") == "run.yaml:5"
    assert config.where(("loss", 1, "weight")) == "run.yaml:6"
    assert config.where("loss.1.nothing") == "run.yaml:6"
    assert config.where("critic") == "run.yaml:3"
    assert config.where("critic.width") == "-o critic.width=3"
    assert config.where("train.seed") == "-o train.seed=1"
    assert config.where("train.steps") == "run.yaml:9"


def test_a_file_is_loaded_and_its_absence_explained(tmp_path: Path) -> None:
    path = tmp_path / "quickstart.yaml"
    path.write_text(GOOD)
    assert load_config(path) == parse_config(GOOD)
    with pytest.raises(UserError, match=r"did you mean 'quickstart.yaml'"):
        load_config(tmp_path / "quickstrat.yaml")
    with pytest.raises(UserError, match=r"this is a folder; name a file in it: quickstart.yaml"):
        load_config(tmp_path)
    with pytest.raises(UserError, match="no such file"):
        load_config(tmp_path / "nowhere" / "a.yaml")
    for name in ("a\0b", "x" * 5000):
        with pytest.raises(UserError):
            load_config(name)


def test_every_part_is_resolved() -> None:
    resolved = resolve(parse_config(GOOD, source="run.yaml"), REGISTRY)
    assert resolved.generator.cls is Network
    assert resolved.generator.params == {
        "width": 32,
        "norm": "batch",
        "dropout": 0.0,
        "bias": True,
        "sizes": (128, 256),
        "betas": (0.0, 1.0),
        "scale": "auto",
    }
    assert resolved.generator.build(None).width == 32
    assert resolved.data.build().modes == 8
    assert [part.name for part in resolved.losses] == ["hinge", "penalty"]
    assert isinstance(resolved.losses[1].params["weight"], float)
    assert resolved.metrics[0].every == 100
    assert resolved.observers[0].build()
    assert resolved.optimizers["critic"] == Part("adam", {"lr": 1e-4, "betas": (0.0, 0.9), "eps": 1e-8, "weight_decay": 0.0})
    assert resolved.versions.items() >= {"ganzoo-vanilla": "1.0", "ganzoo-penalty": "3.1"}.items()


def test_what_a_constructor_refuses_is_placed() -> None:
    resolved = resolve(parse_config(GOOD, ["loss.1.weight=13"], source="run.yaml"), REGISTRY)
    with pytest.raises(UserError, match=r"run.yaml:6: loss.1: 13 is unlucky; take 12"):
        resolved.losses[1].build(None)


def test_a_loss_may_come_twice_with_other_parameters() -> None:
    text = MINIMAL.replace("hinge", "[{name: penalty, weight: 1}, {name: penalty, weight: 2}]")
    assert len(resolve(parse_config(text), REGISTRY).losses) == 2


def test_the_resolved_configuration_resolves_to_itself(tmp_path: Path) -> None:
    config = parse_config(GOOD, ["generator=ganzoo-two/net", "optimizer.generator=rmsprop"])
    text = resolved_yaml(config, resolve(config, REGISTRY))
    path = tmp_path / "config.yaml"
    path.write_text(text)
    again = load_config(path)
    assert resolved_yaml(again, resolve(again, REGISTRY)) == text
    values = parse(text, "config.yaml").value
    assert values["generator"] == {
        "name": "ganzoo-two/net",
        "width": 64,
        "norm": "batch",
        "dropout": 0.0,
        "bias": True,
        "sizes": [128, 256],
        "betas": [0.0, 1.0],
        "scale": "auto",
    }
    assert values["versions"].items() >= {"ganzoo-two": "2.0", "ganzoo-vanilla": "1.0"}.items()
    assert values["optimizer"]["generator"]["lr"] == 5e-5
    assert list(values)[:5] == ["data", "generator", "critic", "loss", "schedule"]
    assert set(values) == set(RunConfig.model_fields)


def test_differences_name_key_and_both_values() -> None:
    def values(*overrides: str) -> dict[str, object]:
        config = parse_config(GOOD, overrides)
        return resolved_values(config, resolve(config, REGISTRY))

    assert differences(values(), values()) == []
    assert differences(values(), values("train.steps=6", "loss.1.weight=3", "critic.sizes=[1]")) == [
        "critic.sizes: [128, 256], now [1]",
        "loss.1.weight: 10.0, now 3.0",
        "train.steps: 5, now 6",
    ]
    assert differences(values(), values("loss=[hinge]")) == [
        "loss.1.name: ganzoo-penalty/penalty, now (absent)",
        "loss.1.weight: 10.0, now (absent)",
    ]
    assert differences(values(), values("observers=[]", "train.steps=6"), ignoring=("train", "observers")) == []
    assert differences(values() | {"versions": {}}, values()) == []


def test_a_written_default_is_no_difference() -> None:
    short, long = parse_config(MINIMAL), parse_config(MINIMAL, ["generator.width=64", "train.seed=0", "critic=ganzoo-vanilla/mlp"])
    assert differences(resolved_values(short, resolve(short, REGISTRY)), resolved_values(long, resolve(long, REGISTRY))) == []


def test_the_schema_accepts_what_is_good_and_refuses_what_is_bad() -> None:
    schema = json_schema(REGISTRY)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for text in (GOOD, MINIMAL, MINIMAL.replace("mlp", "ganzoo-vanilla/mlp")):
        assert list(validator.iter_errors(parse(text, "here").value)) == []
    config = parse_config(GOOD)
    resolved = parse(resolved_yaml(config, resolve(config, REGISTRY)), "here").value
    assert list(validator.iter_errors(resolved)) == []
    cases = ["misspelt section", "misspelt parameter", "missing parameter", "unknown choice", "too small", "empty loss", "no data"]
    cases += ["unknown component", "unknown optimizer", "ambiguous component"]
    cases += ["component that cannot be imported", "component with a bad constructor"]
    for case in cases:
        assert list(validator.iter_errors(parse(BAD[case][0], "here").value)), case


def test_the_schema_holds_what_an_editor_shows() -> None:
    schema = json_schema(REGISTRY)
    assert schema["properties"]["data"]["description"]
    network = next(form for form in schema["$defs"]["critic"]["anyOf"] if form.get("type") == "object")
    assert network["properties"]["width"] == {"default": 64, "description": "channels.", "exclusiveMinimum": 0, "type": "integer"}
    assert network["properties"]["name"]["enum"] == ["mlp", "ganzoo-vanilla/mlp"]
    assert network["description"] == "A network."
    # A required parameter leaves the mapping as the one form.
    assert schema["$defs"]["loss"]["anyOf"][0]["enum"] == ["hinge", "ganzoo-vanilla/hinge"]
    assert schema["properties"]["schedule"]["default"] == "alternate"


def test_every_key_has_a_meaning() -> None:
    for section in [RunConfig, *SECTIONS.values()]:
        for name, found in section.model_fields.items():
            assert found.description, f"{section.__name__}.{name}"


def test_reading_a_configuration_imports_no_torch() -> None:
    code = "import sys, ganzoo.config as c, ganzoo.config.schema; c.parse_config(sys.argv[1]); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code, MINIMAL], check=True)


WORDS = "null true 5 -1 .nan 1e999 [] {} [[[]]] mlp hinge penalty , { } [ ] ' # é \x00 \n \t &a *a !!x"
PIECES = [
    *WORDS.split(" "),
    "\n  ",
    ": ",
    "- ",
    "<<: ",
    "{name: 5}",
    "name: mlp",
    "weight: x",
    "train: ",
    "metrics: ",
    "optimizer: ",
    "observers: ",
    "init: ",
]
pieces = st.sampled_from(PIECES)


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_a_mutated_configuration_raises_nothing_but_user_errors(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([GOOD, MINIMAL]))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        stop = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + data.draw(pieces) + text[stop:]
    try:
        resolve(parse_config(text), REGISTRY)
    except UserError as error:
        message = str(error)
    else:
        message = "config: accepted"
    assert message.startswith("config:")


paths = st.lists(
    st.sampled_from(["train", "steps", "loss", "0", "1", "weight", "critic", "name", "optimizer", "metrics", "init", "x"]),
    min_size=1,
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(paths, pieces), min_size=1, max_size=3), st.sampled_from([GOOD, MINIMAL]))
def test_an_odd_override_raises_nothing_but_user_errors(overrides: list[tuple[list[str], str]], text: str) -> None:
    texts = [f"{'.'.join(path)}={value}" for path, value in overrides]
    try:
        resolve(parse_config(text, texts), REGISTRY)
    except UserError as error:
        where = error.where
    else:
        where = "-o"
    assert where.startswith(("-o", "config:"))
