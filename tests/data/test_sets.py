"""What holds for every built-in data set."""

import pytest
from pydantic import ValidationError

from ganzoo import Dataset
from ganzoo.builtins import ganzoo_datasets
from ganzoo.params import model_of, parameters_of
from ganzoo.registry import Registry


def classes() -> dict[str, type]:
    registry = Registry.installed()
    return {name: registry.find("dataset", f"ganzoo-core/{name}").load() for name in ganzoo_datasets()}


@pytest.mark.parametrize("name", ganzoo_datasets())
def test_every_data_set_is_described(name):
    cls = classes()[name]
    assert issubclass(cls, Dataset)
    assert cls.__doc__
    assert cls.source
    for parameter in parameters_of(cls):
        assert parameter.meaning, f"{name}.{parameter.name} is not explained"


@pytest.mark.parametrize("name", ganzoo_datasets())
def test_every_data_set_is_made_from_its_defaults_without_opening_anything(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cls = classes()[name]
    given = {"folder": {"root": "nowhere"}, "webdataset": {"shards": "nowhere"}}.get(name, {})
    dataset = cls(**model_of(cls)(**given).model_dump())
    assert len(dataset.class_names) in (0, dataset.classes)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("digits", {"size": 64}),
        ("digits", {"root": "x"}),
        ("mnist", {"split": "all"}),
        ("celeba", {"size": 0}),
        ("celeba", {"crop": "178"}),
        ("celeba", {"max_bad": 1.5}),
        ("folder", {}),
        ("folder", {"root": "x", "channels": 4}),
        ("folder", {"root": "x", "labels": "yes"}),
        ("ring", {"sd": 0.0}),
        ("ring", {"sd": float("nan")}),
        ("grid", {"side": True}),
        ("grid", {"seed": -1}),
        ("stacked_mnist", {"split": "valid"}),
        ("stacked_mnist", {"count": 0}),
    ],
)
def test_wrong_parameters_are_refused(name, wrong):
    with pytest.raises(ValidationError):
        model_of(classes()[name])(**wrong)
