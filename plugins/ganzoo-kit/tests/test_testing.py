"""The conformance kit: sound components pass, and each broken one is caught by exactly the check that is meant to catch it."""

import importlib.metadata
import importlib.util
import inspect
import json
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from PIL import Image

from ganzoo import DataSpec, Plan, Schedule, UserError
from ganzoo.cli import invoke
from ganzoo.registry import Registry
from ganzoo.testing import CHECKS, XFail, check_component, check_distribution, conformance_tests

BROKEN = Path(__file__).with_name("broken")

test_core_conforms = conformance_tests("ganzoo-core")


def load(name):
    """The module at ``name``, under ``tests/broken``."""
    spec = importlib.util.spec_from_file_location(f"loaded_{Path(name).stem}", BROKEN / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def specimens():
    for kind in ("generator", "critic", "loss", "schedule", "dataset", "metric", "observer"):
        module = load("losses" if kind == "loss" else f"{kind}s")
        for name, cls in vars(module).items():
            if inspect.isclass(cls) and cls.__module__ == module.__name__:
                yield pytest.param(kind, cls, id=f"{kind}-{name}-{cls.caught_by or 'sound'}")


@pytest.mark.parametrize(("kind", "cls"), list(specimens()))
def test_each_fault_is_caught_by_its_own_check_and_no_other(kind, cls):
    failed = {}
    for outcome in check_component(kind, cls):
        if outcome.status == "failed" and outcome.reason not in failed.values():  # later checks may say the same again
            failed[outcome.check] = outcome.reason
    assert failed.keys() == ({cls.caught_by} if cls.caught_by else set()), failed
    assert all("; " in reason for reason in failed.values()), f"no remedy in {failed}"


class Torn(Schedule):
    """Fails whenever it is asked."""

    def __init__(self, data: DataSpec) -> None: ...

    def plan(self, step: int, total: int) -> Plan:
        raise ValueError("torn")


def test_an_exception_is_told_with_the_components_line_and_what_to_do():
    told = next(outcome.reason for outcome in check_component("schedule", Torn) if "torn" in outcome.reason)
    line = inspect.getsourcelines(Torn.plan)[1] + 1
    assert f"test_testing.py:{line} raises ValueError: torn; repair it, or refuse in the constructor, by a UserError" in told


def test_there_are_at_least_15_faults_and_every_check_catches_one():
    caught_by = [specimen.values[1].caught_by for specimen in specimens() if specimen.values[1].caught_by]
    assert len(caught_by) >= 15
    assert {check.name for check in CHECKS} - set(caught_by) == {
        "entry_point",
        "descent",
        "rate",
        "resumes",
    }  # elsewhere


def test_image_conditional_components_of_a_third_party_conform():
    parts = load("../../../../tests/third_party/ganzoo-paired/ganzoo_paired/parts")
    kinds = {"generator": parts.Translate, "critic": parts.JudgePair, "loss": parts.L1, "dataset": parts.Squares}
    kinds |= {"metric": parts.Brightness, "observer": parts.Diary}
    for kind, cls in kinds.items():
        assert {outcome.reason for outcome in check_component(kind, cls)} == {""}


@pytest.fixture
def heavy(monkeypatch):
    """An environment where the only plugin beside the kit has an entry point that imports torch."""
    monkeypatch.syspath_prepend(str(BROKEN))
    ours = [point for point in importlib.metadata.entry_points(group="ganzoo") if point.value in ("ganzoo.builtins", "ganzoo_kit")]
    registry = Registry([*ours, importlib.metadata.EntryPoint("heavy", "heavy_entry_point", "ganzoo")])
    monkeypatch.setattr(Registry, "installed", lambda: registry)
    return next(plugin.distribution for plugin in registry.plugins if plugin.module == "heavy_entry_point")


def test_an_entry_point_that_imports_torch_is_caught(heavy):
    assert [o.check for o in check_distribution(heavy) if o.status == "failed"] == ["entry_point"]


def test_a_failed_check_fails_its_test_and_only_that(heavy):
    test = conformance_tests(heavy)
    (mark,) = test.pytestmark
    for case in mark.args[1]:
        with pytest.raises(pytest.fail.Exception, match="imports torch") if case.check.name == "entry_point" else nullcontext():
            test(case)


def test_the_command_says_what_fails(heavy, tmp_path, capsys):
    assert invoke(["check", "--here", plugin_folder(tmp_path, heavy)]) == 2
    shown = capsys.readouterr()
    assert "FAILED: listing what heavy_entry_point gives imports torch" in shown.out
    assert "1 of 8 checks fail" in shown.err.splitlines()[-1]
    assert invoke(["check", "--here", plugin_folder(tmp_path, heavy), "--json"]) == 2
    outcomes = json.loads(capsys.readouterr().out)["outcomes"]
    assert [o["check"] for o in outcomes if o["status"] == "failed"] == ["entry_point"]


def test_an_expected_failure_is_declared_and_strict():
    kind, cls = "generator", load("generators").Unused
    expected = XFail("generator Unused", "gradients", "the spare layer is trained by a later stage")
    outcomes = check_component(kind, cls, expected=[expected])
    assert {o.status for o in outcomes} == {"ok", "expected"}
    assert any("later stage" in o.reason for o in outcomes)
    outcomes = check_component(kind, load("generators").Sound, expected=[XFail("generator Sound", "gradients", "it is said to fail")])
    assert [o.check for o in outcomes if o.status == "failed"] == ["gradients"]


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        (XFail("schedule alternat", "pure", "why"), "did you mean 'schedule alternate'"),
        (XFail("schedule alternate", "pur", "why"), "did you mean 'pure'"),
        (XFail("schedule alternate", "pure", ""), "no reason"),
    ],
)
def test_an_expected_failure_of_nothing_is_refused(expected, message):
    with pytest.raises(UserError, match=message):
        conformance_tests("ganzoo-core", expected=[expected])


def test_what_is_not_installed_is_refused_with_what_is():
    with pytest.raises(UserError, match=r"pip install -e.*ganzoo-core"):
        check_distribution("ganzoo-cor")
    with pytest.raises(UserError, match="no parameter 'size'"):
        check_distribution("ganzoo-core", parameters={"schedule alternate": {"size": 3}})
    for named in ({"parameters": {"dataset disc": {}}}, {"data": {"dataset disc": []}}):
        with pytest.raises(UserError, match="'dataset disc' is not a component"):
            check_distribution("ganzoo-core", **named)


def test_data_and_parameters_can_be_given(tmp_path):
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        for i in range(3):
            Image.new("RGB", (20, 20), (40 * i, 80, 120)).save(tmp_path / label / f"{i}.png")
    plain = XFail("dataset folder", "effects", "pictures of one colour, none of them damaged, show no crop, split or max_bad")
    given = {"dataset folder": {"root": str(tmp_path), "size": 16}}
    outcomes = check_distribution("ganzoo-data", parameters=given, expected=[plain])
    of_folder = {o.check: o.status for o in outcomes if o.component == "dataset folder"}
    assert of_folder.pop("effects") == "expected"
    assert set(of_folder.values()) == {"ok"}
    assert {"arrays", "repeatable", "lazy"} <= of_folder.keys()
    data = [DataSpec({"sample": (2,)})]
    assert {o.status for o in check_component("critic", load("critics").Sound, parameters={"width": 3}, data=data)} == {"ok"}


def plugin_folder(folder, name="ganzoo-core", group="ganzoo"):
    (folder / "pyproject.toml").write_text(f'[project]\nname = "{name}"\nversion = "1"\n[project.entry-points.{group}]\nx = "y"\n')
    return str(folder)


def test_the_command_checks_a_plugins_folder(tmp_path, capsys):
    assert invoke(["check", "--here", plugin_folder(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "schedule alternate" in shown
    assert "pure" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "ganzoo-nowhere"}, "pip install -e"),
        ({"group": "other"}, "entry point in the group 'ganzoo'"),
    ],
)
def test_the_command_refuses_what_is_no_installed_plugin(tmp_path, capsys, arguments, message):
    assert invoke(["check", "--here", plugin_folder(tmp_path, **arguments)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_the_command_refuses_a_folder_that_is_no_project(tmp_path, capsys):
    assert invoke(["check", str(tmp_path)]) == 2
    assert "pyproject.toml" in capsys.readouterr().err
