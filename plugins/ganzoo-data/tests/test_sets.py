"""What holds for every data set of this repository."""

import pytest
from pydantic import ValidationError

from ganzoo import Dataset
from ganzoo.params import model_of, parameters_of
from ganzoo.registry import Registry

SETS = {c.name: c for c in Registry.installed().of_kind("dataset") if c.distribution in ("ganzoo-core", "ganzoo-data")}


@pytest.mark.parametrize("name", SETS)
def test_every_data_set_is_described(name):
    cls = SETS[name].load()
    assert issubclass(cls, Dataset)
    assert cls.__doc__
    assert cls.source
    for parameter in parameters_of(cls):
        assert parameter.meaning, f"{name}.{parameter.name} is not explained"


@pytest.mark.parametrize("name", SETS)
def test_every_data_set_is_made_from_its_defaults_without_opening_anything(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cls = SETS[name].load()
    given = {key: {"root": "nowhere"} for key in ("captioned", "folder", "paired", "unpaired")} | {
        "webdataset": {"shards": "nowhere"},
        "arrays": {"file": "nowhere"},
    }
    given = given.get(name, {})
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
        ("folder", {"root": "x", "labels": 3}),
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
        model_of(SETS[name].load())(**wrong)
