"""What ``-o KEY=VALUE`` sets, in order, and what it refuses by name."""

from __future__ import annotations

import pytest
from configurations import GOOD, MINIMAL, REGISTRY

from ganzoo.config import Part, parse_config, resolve
from ganzoo.errors import UserError


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
