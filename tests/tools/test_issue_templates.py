"""The forms in which people report: valid, and asking for what a report needs."""

from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / ".github/ISSUE_TEMPLATE"
FORMS = {path.stem: yaml.safe_load(path.read_text()) for path in FOLDER.glob("*.yml") if path.stem != "config"}
TYPES = {"textarea", "input", "checkboxes"}


def test_there_is_one_for_each_occasion():
    assert FORMS.keys() == {"bug", "feature", "plugin"}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_complete(name):
    form = FORMS[name]
    assert {"name", "description", "body"} <= form.keys()
    assert {part["type"] for part in form["body"]} <= TYPES
    assert len({part["id"] for part in form["body"]}) == len(form["body"])
    assert all(part["attributes"]["label"] for part in form["body"])
    assert any(part.get("validations", {}).get("required") for part in form["body"])


def test_a_bug_comes_with_the_doctors_report_and_a_plugin_with_its_check():
    required = {
        part["attributes"]["label"] for form in FORMS.values() for part in form["body"] if part.get("validations", {}).get("required")
    }
    assert {"ganzoo doctor", "ganzoo check"} <= required
