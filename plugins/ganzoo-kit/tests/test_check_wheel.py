"""``ganzoo check WHEEL``: what a wheel says of itself is looked at before anything of it is unpacked or installed."""

from pathlib import Path

import pytest
from ganzoo_kit.authoring.wheel import read_wheel, wheel_findings
from plugin_wheels import CORE, make_wheel, refusal

FAULTS = {
    "no entry point": ({"group": "other"}, "entry_point", "it has no entry point in the group 'ganzoo', so nothing finds it; add "),
    "a module that is not shipped": (
        {"entry": "tower = ganzoo_towr"},
        "entry_point",
        "names the module 'ganzoo_towr', which the wheel does not hold (it holds ganzoo_tower); ship it",
    ),
    "no requirement of the core": ({"requires": ["torch"]}, "requirements", "it does not require ganzoo-core, so it would be"),
    "another project's name": ({"requires": [*CORE, "ganzoo>=1"]}, "requirements", "'ganzoo', which is another project on the package"),
    "an older core": ({"requires": ["ganzoo-core<0.1"]}, "requirements", "it requires ganzoo-core<0.1, this is ganzoo-core "),
    "no upper bound": ({"requires": ["ganzoo-core>=0.1"]}, "requirements", "without an upper bound, so a later ganzoo-core would break it"),
    "another Python": ({"python": ">=4"}, "requirements", "it takes Python >=4, this is 3."),
    "a requirement that is none": ({"requires": ["ganzoo-core >> 1"]}, "requirements", "a requirement cannot be read"),
    "somebody else's module": ({"more": {"numpy/__init__.py": ""}}, "modules", "'numpy', which numpy installs too: one would overwrite"),
    "its tests at the top": ({"more": {"tests/test_it.py": ""}}, "modules", "it installs 'tests' beside every other package's"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_wheel_is_told(fault, tmp_path):
    changes, check, said = FAULTS[fault]
    findings = {finding.check: finding.reason for finding in wheel_findings(read_wheel(make_wheel(tmp_path, **changes)))}
    assert said in findings.pop(check)
    assert set(findings.values()) == {""}


def test_a_sound_wheel_has_none(tmp_path):
    assert {finding.status for finding in wheel_findings(read_wheel(make_wheel(tmp_path)))} == {"ok"}


def test_without_an_entry_point_nothing_is_installed(tmp_path, capsys):
    wheel = make_wheel(tmp_path, group="other")
    assert f"{wheel}: ganzoo-tower: 1 of 3 checks fail, the first: wheel: entry_point: it has no entry point" in refusal(
        ["check", str(wheel), "-q"], capsys
    )


@pytest.mark.parametrize("name", ["../outside.py", "ganzoo_tower/../../outside.py"])
def test_a_wheel_that_would_write_elsewhere_is_refused_by_pip(name, tmp_path, capsys):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    wheel = make_wheel(inner, more={name: "print('planted')"})
    before = sorted(tmp_path.rglob("*"))
    said = refusal(["check", str(wheel), "-q"], capsys)
    assert "outside" in said
    assert sorted(tmp_path.rglob("*")) == before
    assert not Path("/outside.py").exists()


def test_what_is_no_wheel_is_refused(tmp_path, capsys):
    (tmp_path / "torn-1.0-py3-none-any.whl").write_bytes(make_wheel(tmp_path).read_bytes()[:300])
    assert "it is not a wheel that can be read" in refusal(["check", str(tmp_path / "torn-1.0-py3-none-any.whl")], capsys)
    assert "it is not a wheel that can be read" in refusal(["check", str(tmp_path / "absent-1.0-py3-none-any.whl")], capsys)
