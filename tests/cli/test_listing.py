"""What is installed: ``list``, ``info`` and ``plugins``, with and without --json."""

import json

import pytest

from ganzoo.hookspecs import GIVEN
from ganzoo.registry import Registry

# What is installed.


def test_list_shows_every_component_with_its_distribution(ganzoo):
    rows = [line.split() for line in ganzoo("list").splitlines()]
    assert rows[0] == ["kind", "name", "from"]
    registry = Registry.installed()
    assert sorted(tuple(row) for row in rows[1:]) == sorted(
        (c.kind, c.name, c.distribution, c.version) for c in (*registry.components, *registry.commands)
    )
    given = json.loads(ganzoo("list", "--json"))
    assert given["broken"] == []
    assert [(c["kind"], c["name"], c["distribution"], c["version"]) for c in given["components"]] == [tuple(row) for row in rows[1:]]


def test_list_shows_papers_where_they_are_asked_for(ganzoo):
    lines = ganzoo("list", "--kind", "loss", "--paper").splitlines()
    assert any(line.startswith("loss") and " hinge " in line and "Lim and Ye, 2017, arXiv:1705.02894" in line for line in lines)
    given = json.loads(ganzoo("list", "--kind", "loss", "--paper", "--json"))["components"]
    assert all("arXiv:" in component["paper"] for component in given if component["distribution"].startswith("ganzoo-"))


@pytest.mark.parametrize("kind", GIVEN)
def test_list_can_be_restricted_to_a_kind(kind, ganzoo):
    found = json.loads(ganzoo("list", "--kind", kind, "--json"))["components"]
    assert [c["name"] for c in found] == [c.name for c in Registry.installed().of_kind(kind)]


def test_info_describes_every_component_with_its_parameters(ganzoo, monkeypatch):
    registry = Registry.installed()
    monkeypatch.setattr(Registry, "installed", lambda: registry)  # asked for once, not a hundred times
    for component in registry.components:
        found = [c for c in json.loads(ganzoo("info", component.qualified, "--json")) if c["kind"] == component.kind]
        assert len(found) == 1
        assert len(found[0]["text"]) > 20
        assert found[0]["paper"], component
        for parameter in found[0]["parameters"]:
            assert parameter["meaning"], f"{component}: {parameter['name']} is not explained"
            assert parameter["type"]


def test_info_is_readable(ganzoo):
    text = ganzoo("info", "weight_clip")
    assert text.startswith("loss weight_clip  (ganzoo-wgan ")
    assert "arXiv:1701.07875" in text
    assert ["clip", "0.01"] in [[word for word in line.split() if word in ("clip", "0.01")] for line in text.splitlines()]
    both = ganzoo("info", "dcgan")  # a name may be given to a generator and a critic
    assert "generator dcgan" in both
    assert "critic dcgan" in both


def test_plugins(ganzoo):
    found = json.loads(ganzoo("plugins", "--json"))
    assert found[0]["distribution"] == "ganzoo-core"
    assert {"ganzoo-vanilla", "ganzoo-lsgan", "ganzoo-dcgan", "ganzoo-wgan", "ganzoo-wgan-gp", "ganzoo-acgan"} <= {
        p["distribution"] for p in found
    }
    assert not any(p["broken"] for p in found)
    assert {p["distribution"] for p in found if not p["gives"]} <= {"ganzoo-layers"}  # for other plugins' networks
    text = ganzoo("plugins")
    assert all(p["distribution"] in text and ", ".join(p["gives"]) in text for p in found)
