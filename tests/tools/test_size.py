"""The tool that measures the house counts what it says."""

import importlib.util
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path

ROOT = Path(__file__).parents[2]


def load():
    loader = SourceFileLoader("size", str(ROOT / "tools" / "size"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("size", loader))
    loader.exec_module(module)
    return module


def test_blanks_and_comments_are_no_code_and_texts_are():
    text = '"""One\n\nthree."""\n\n# a comment\nx = """a\n\nb"""  # behind\n\ndef f():\n    # another\n    return (\n        1\n    )\n'
    assert load().raw_and_code(text) == (14, 10)


def test_it_lists_every_package_with_its_lines():
    said = subprocess.run([sys.executable, ROOT / "tools" / "size"], capture_output=True, text=True, check=True).stdout
    rows = {line[:28].strip(): line[28:].split() for line in said.splitlines() if line[:28].strip()}
    packages = {f"ganzoo/{path.parent.name}" for path in (ROOT / "ganzoo").glob("*/__init__.py")}
    assert packages <= rows.keys()
    lines = sum(len(path.read_text().splitlines()) for path in (ROOT / "ganzoo" / "engine").rglob("*.py"))
    assert rows["ganzoo/engine"][1] == f"{lines:,}"
