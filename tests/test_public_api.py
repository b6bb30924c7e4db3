"""What plugins rely on does not change unnoticed: every public signature is as ``tests/public_api.json`` has it."""

import importlib.util
import json
from pathlib import Path

import pytest

import ganzoo
import ganzoo.data
import ganzoo.metrics
import ganzoo.testing
from ganzoo import hookspecs

ROOT = Path(__file__).parents[1]
spec = importlib.util.spec_from_file_location("public_api", ROOT / "tools/public_api.py")
public_api = importlib.util.module_from_spec(spec)
spec.loader.exec_module(public_api)

AGREED = json.loads((ROOT / "tests/public_api.json").read_text())
RELEASED = "# Changelog\n\n## 0.2.0 - unreleased\n\n- API 2.\n\n## 0.1.0 - 2026-12-01\n\n- API 1.\n"


def test_no_public_signature_changed_without_the_api_version():
    added, broken = public_api.differences(AGREED["names"], public_api.current())
    assert broken == [] or AGREED["api_version"] < hookspecs.API_VERSION, (
        "raise API_VERSION (before its first release: --unreleased), then: tools/public_api.py --renew"
    )
    assert (added, broken) == ([], []), "agree to it: tools/public_api.py --renew"
    assert AGREED["api_version"] == hookspecs.API_VERSION
    assert hookspecs.OLDEST_API <= hookspecs.API_VERSION


def test_every_public_name_and_every_hook_is_watched():
    names = AGREED["names"].keys()
    assert {f"ganzoo.{name}" for name in ganzoo.__all__} - names == {"ganzoo.API_VERSION"}
    for module in (ganzoo.data, ganzoo.metrics, ganzoo.testing):
        assert {f"{module.__name__}.{name}" for name in module.__all__} <= names
    assert {f"hook.{name}" for name, value in vars(hookspecs).items() if hasattr(value, "ganzoo_spec")} <= names


def longer(self, step, total, epoch):
    """A changed method."""


def weighted(self, turn, weight=1.0):
    """A changed method, and one that old calls still fit."""


@pytest.mark.parametrize(
    ("holder", "name", "value", "said"),
    [
        (ganzoo.Schedule, "plan", longer, "changed  ganzoo.Schedule.plan  abstract (self, step: 'int', total: 'int') -> 'Plan'  ->  "),
        (ganzoo.Loss, "critic_terms", weighted, "changed  ganzoo.Loss.critic_terms"),
        (ganzoo.Loss, "every", 2, "changed  ganzoo.Loss.every  int = 1  ->  int = 2"),
        (hookspecs, "step_logged", hookspecs.hookspec(lambda step: None), "changed  hook.step_logged"),
        (ganzoo.testing, "check_component", lambda kind: None, "changed  ganzoo.testing.check_component"),
    ],
)
def test_a_change_is_noticed(holder, name, value, said, monkeypatch):
    monkeypatch.setattr(holder, name, value)
    added, broken = public_api.differences(AGREED["names"], public_api.current())
    assert added == []
    assert len(broken) == 1
    assert broken[0].startswith(said)


def test_what_is_taken_away_is_noticed(monkeypatch):
    monkeypatch.delattr(ganzoo.Turn, "computed")
    monkeypatch.setattr(ganzoo, "__all__", [name for name in ganzoo.__all__ if name != "PositiveFloat"])
    _, broken = public_api.differences(AGREED["names"], public_api.current())
    assert [line.split()[:2] for line in broken] == [["removed", "ganzoo.PositiveFloat"], ["removed", "ganzoo.Turn.computed"]]


def test_a_method_that_every_subclass_would_have_to_write_is_a_change():
    before = {"ganzoo.Metric": "class(ABC)"}
    now = before | {
        "ganzoo.Metric.unit": "abstract (self) -> str",
        "ganzoo.Metric.note": "(self) -> str",
        "ganzoo.New.x": "abstract (self)",
    }
    added, broken = public_api.differences(before, now)
    assert broken == ["demanded ganzoo.Metric.unit  abstract (self) -> str"]
    assert len(added) == 2


@pytest.mark.parametrize(
    ("now", "version", "unreleased", "said"),
    [
        ({"a": "(x)", "b": "()"}, 1, False, ""),  # an addition
        ({"a": "(y)"}, 1, False, "1 names were taken away or changed; raise API_VERSION in ganzoo/hookspecs.py to 2 first"),
        ({"a": "(y)"}, 2, False, ""),
        ({}, 1, True, "API 1 has been released, so it stays as it is; raise API_VERSION to 2"),
        ({"a": "(x)"}, 0, False, "API_VERSION went back from 1 to 0"),
    ],
)
def test_a_change_is_agreed_to_only_with_a_new_version(now, version, unreleased, said):
    before = {"api_version": 1, "names": {"a": "(x)"}}
    assert public_api.refusal(before, now, version, unreleased=unreleased, changelog=RELEASED) == said


def test_a_version_that_no_release_carries_may_still_change():
    before = {"api_version": 2, "names": {"a": "(x)"}}
    assert public_api.refusal(before, {}, 2, unreleased=True, changelog=RELEASED) == ""
    assert public_api.refusal(before, {}, 2, unreleased=False, changelog=RELEASED) != ""


def test_the_command_says_what_differs_and_refuses_to_renew(tmp_path, monkeypatch, capsys):
    snapshot = tmp_path / "public_api.json"
    snapshot.write_text(json.dumps({"api_version": hookspecs.API_VERSION, "names": AGREED["names"] | {"ganzoo.gone": "()"}}))
    monkeypatch.setattr(public_api, "SNAPSHOT", snapshot)
    before = snapshot.read_text()
    assert public_api.main([]) == 2
    assert public_api.main(["--renew"]) == 2
    said = capsys.readouterr().err
    assert "removed  ganzoo.gone  ()" in said
    assert "raise API_VERSION in ganzoo/hookspecs.py" in said
    assert snapshot.read_text() == before
