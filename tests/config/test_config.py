"""A configuration is read strictly, refused in one line that names key and remedy, resolved completely, and has a schema."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from bad_configurations import BAD
from configurations import GOOD, MINIMAL, REGISTRY, Network

from ganzoo.config import (
    Part,
    RunConfig,
    TrainConfig,
    differences,
    load_config,
    parse_config,
    resolve,
    resolved_values,
    with_defaults_of_today,
)
from ganzoo.config.settings import SECTIONS
from ganzoo.config.strict_yaml import parse
from ganzoo.config.yaml_writer import dump
from ganzoo.errors import UserError

DEFAULTS = {"width": 64, "norm": "batch", "dropout": 0.0, "bias": True, "sizes": (128, 256), "betas": (0.0, 1.0), "scale": "auto"}


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
    assert resolved.generator.params == DEFAULTS | {"width": 32}
    assert resolved.generator.build(None).width == 32
    assert resolved.data.build().modes == 8
    assert [part.name for part in resolved.losses] == ["hinge", "penalty"]
    assert isinstance(resolved.losses[1].params["weight"], float)
    assert resolved.metrics[0].every == 100
    assert resolved.observers[0].build()
    assert resolved.optimizers["critic"].component.qualified == "ganzoo-core/adam"
    assert resolved.optimizers["critic"].params == {"lr": 1e-4, "betas": (0.0, 0.9), "eps": 1e-8, "weight_decay": 0.0}
    assert resolved.versions.items() >= {"ganzoo-vanilla": "1.0", "ganzoo-penalty": "3.1"}.items()


def test_what_a_constructor_refuses_is_placed() -> None:
    resolved = resolve(parse_config(GOOD, ["loss.1.weight=13"], source="run.yaml"), REGISTRY)
    with pytest.raises(UserError, match=r"run.yaml:6: loss.1: 13 is unlucky; take 12"):
        resolved.losses[1].build(None)


def test_a_loss_may_come_twice_with_other_parameters() -> None:
    text = MINIMAL.replace("hinge", "[{name: penalty, weight: 1}, {name: penalty, weight: 2}]")
    assert len(resolve(parse_config(text), REGISTRY).losses) == 2


def test_the_resolved_configuration_resolves_to_itself(tmp_path: Path) -> None:
    curves = [
        "optimizer.critic.lr={from: 0.1, to: 0, start: 0.5}",
        "optimizer.critic.betas=[0.5, [{from: 0.9, to: 0.8}, {from: 0.8, to: 0.9, start: 0.3}]]",
    ]
    config = parse_config(GOOD, ["generator=ganzoo-two/net", "optimizer.generator=rmsprop", *curves])
    text = dump(resolved_values(config, resolve(config, REGISTRY)))
    path = tmp_path / "config.yaml"
    path.write_text(text)
    again = load_config(path)
    assert dump(resolved_values(again, resolve(again, REGISTRY))) == text
    values = parse(text, "config.yaml").value
    assert values["generator"] == {"name": "ganzoo-two/net", **DEFAULTS, "sizes": [128, 256], "betas": [0.0, 1.0]}
    assert values["versions"].items() >= {"ganzoo-two": "2.0", "ganzoo-vanilla": "1.0"}.items()
    assert values["optimizer"]["generator"]["lr"] == 5e-5
    assert values["optimizer"]["critic"]["lr"] == {"from": 0.1, "to": 0.0, "start": 0.5, "end": 1.0, "curve": "linear"}
    assert [curve["to"] for curve in values["optimizer"]["critic"]["betas"][1]] == [0.8, 0.9]
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


def test_what_a_component_has_gained_since_counts_as_its_default() -> None:
    config = parse_config(GOOD)
    resolved = resolve(config, REGISTRY)
    now, before = resolved_values(config, resolved), resolved_values(config, resolved)
    for part, name in (
        (before["data"], "modes"),
        (before["metrics"][0], "samples"),
        (before["optimizer"]["critic"], "eps"),
        (before["train"], "accumulate"),
    ):
        del part[name]
    assert differences(with_defaults_of_today(before, resolved), now) == ["metrics.0.samples: 1000, now 50"]


def test_every_key_has_a_meaning() -> None:
    for section in [RunConfig, *SECTIONS.values()]:
        for name, found in section.model_fields.items():
            assert found.description, f"{section.__name__}.{name}"


def test_reading_a_configuration_imports_no_torch() -> None:
    code = "import sys, ganzoo.config as c, ganzoo_kit.json_schema; c.parse_config(sys.argv[1]); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code, MINIMAL], check=True)
