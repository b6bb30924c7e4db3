"""What the tests found: read from pytest's report, kept as JSON, one row a promise.

A test makes a promise by ``@pytest.mark.promise(section, text)`` and puts figures on record by the fixture ``found``.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]
RECORD = ROOT / "docs" / "reliability.json"
SECTIONS = ("State", "Kill it", "Disk and folders", "Divergence", "Hostile input", "Many processes")
"""In the order of the page; others come behind."""


@dataclass
class Row:
    """One promise.

    Args:
        section: the heading it stands under.
        promise: what is promised.
        date: of the last run, ISO 8601.
        files: the tests' files, from the repository's root.
        passed, failed, skipped: how many tests did.
        found: the figures, in the order of the tests.
    """

    section: str
    promise: str
    date: str
    files: list[str] = field(default_factory=list)
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    found: list[str] = field(default_factory=list)


def read_report(report: Path, date: str) -> list[Row]:
    """The rows of a report in JUnit's form, as ``pytest --junitxml`` writes it."""
    rows: dict[tuple[str, str], Row] = {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        properties = [(each.get("name", ""), each.get("value", "")) for each in case.iter("property")]
        named = dict(properties)
        if "promise" not in named:
            continue
        row = rows.setdefault((named["section"], named["promise"]), Row(named["section"], named["promise"], date))
        file = case.get("classname", "").replace(".", "/") + ".py"
        row.files += [file] if file not in row.files else []
        row.found += [value for name, value in properties if name == "found"]
        outcome = {child.tag for child in case}
        if outcome & {"failure", "error"}:
            row.failed += 1
        elif "skipped" in outcome:
            row.skipped += 1
        else:
            row.passed += 1
    return list(rows.values())


def merged(old: list[Row], new: list[Row]) -> list[Row]:
    """A row for each promise that a test makes, in the order of the page: that of ``new``, or of ``old``, or one never run."""
    rows = {(row.section, row.promise): row for row in [*old, *new]}
    order = {section: i for i, section in enumerate(SECTIONS)}
    known = sorted(promises(), key=lambda key: order.get(key[0], len(order)))
    return [rows.get((section, promise), Row(section, promise, date="")) for section, promise in known]


def load() -> list[Row]:
    """The committed record."""
    return [Row(**row) for row in json.loads(RECORD.read_text(encoding="utf-8"))] if RECORD.exists() else []


def save(rows: list[Row]) -> None:
    """Write the record."""
    RECORD.write_text(json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def promises() -> list[tuple[str, str]]:
    """(section, text) of every promise that a test makes, in the order of files and lines."""
    found: dict[tuple[str, str], None] = {}
    for path in [*sorted((ROOT / "tests").rglob("test_*.py")), *sorted((ROOT / "plugins").glob("*/tests/test_*.py"))]:
        found |= dict.fromkeys(_promises_of(ast.parse(path.read_text(encoding="utf-8"))))
    return list(found)


def _promises_of(module: ast.Module) -> Iterator[tuple[str, str]]:
    constants = {
        statement.targets[0].id: statement.value
        for statement in module.body
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.promise":
            section, text = (constants.get(argument.id, argument) if isinstance(argument, ast.Name) else argument for argument in node.args)
            yield ast.literal_eval(section), ast.literal_eval(text)
