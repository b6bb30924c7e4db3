"""The page of promises says what the tests promise and what they found, no more and no less."""

import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tool(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    yield lambda name: importlib.import_module(f"reliability.{name}")
    for name in [name for name in sys.modules if name.partition(".")[0] == "reliability"]:
        del sys.modules[name]


def test_every_promise_is_on_the_page_with_what_was_found(tool):
    record, page = tool("record"), tool("page")
    rows = record.load()
    assert {(row.section, row.promise) for row in rows} == set(record.promises())
    assert [row.promise for row in rows if row.date and (row.failed or not row.passed or not row.found)] == []
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.rewritten(text, rows) == text


def test_a_report_is_read_into_rows(tool, tmp_path):
    report = tmp_path / "report.xml"
    case = '<testcase classname="tests.a.test_b" name="{}"><properties><property name="section" value="S"/>{}</properties>{}</testcase>'
    promised = '<property name="promise" value="P"/><property name="found" value="{}"/>'
    cases = [
        case.format("one", promised.format("1 of 1"), ""),
        case.format("two", promised.format("2 of 2"), "<failure/>"),
        case.format("three", '<property name="promise" value="P"/>', "<skipped/>"),
        '<testcase classname="tests.test_c" name="four"/>',
    ]
    report.write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")
    (row,) = tool("record").read_report(report, "2026-01-31")
    assert (row.section, row.promise, row.files, row.found) == ("S", "P", ["tests/a/test_b.py"], ["1 of 1", "2 of 2"])
    assert (row.passed, row.failed, row.skipped) == (1, 1, 1)
    text = tool("page").tables([row])
    assert "| P | **1 of 2 tests failed.** 1 of 1; 2 of 2 (1 skipped) <br>(2026-01-31) | `test_b.py` |" in text
