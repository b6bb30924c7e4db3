"""The charts of docs/explanation show what they are given, and the command writes them."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
charts, pictures = (importlib.import_module(f"figures.theory.{name}") for name in ("charts", "pictures"))


def where(image, colour):
    """Rows and columns of the plot's pixels that have this colour, the legend left out."""
    rows, columns = np.nonzero((np.abs(np.asarray(image).astype(int) - colour) < 40).all(axis=2))
    inside = rows > charts._TOP
    return rows[inside], columns[inside]


def test_a_line_runs_where_its_points_are():
    image = charts.chart("up", "across", [charts.Line("rising", [(0.0, 0.0), (1.0, 2.0)], charts.BLUE)])
    rows, columns = where(image, charts.BLUE)
    assert np.corrcoef(rows, columns)[0, 1] < -0.99
    width, height = charts._WIDTH - charts._LEFT - charts._RIGHT, charts._HEIGHT - charts._TOP - charts._BOTTOM
    assert np.ptp(columns) == pytest.approx(width / 1.05, abs=3)  # both axes start at 0 and have a twentieth to spare
    assert np.ptp(rows) == pytest.approx(height / 1.05, abs=3)


def test_dots_are_not_joined():
    points = [(0.0, 1.0), (1.0, 1.0)]
    joined, dots = (charts.chart("up", "across", [charts.Line("", points, charts.GREEN, dots=flag)]) for flag in (False, True))
    assert len(set(where(joined, charts.GREEN)[1])) > 10 * len(set(where(dots, charts.GREEN)[1]))


def test_charts_stand_side_by_side():
    row = charts.side_by_side([Image.new("RGB", (5, 3), charts.BLUE), Image.new("RGB", (7, 2), charts.GREY)])
    assert row.size == (12, 3)
    assert row.getpixel((4, 2)) == charts.BLUE
    assert row.getpixel((5, 1)) == charts.GREY


def test_the_command_writes_what_the_pages_show(tmp_path, monkeypatch):
    pages = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "explanation").glob("*.md"))
    assert all(f"(../pictures/{name})" in pages for name in pictures.DRAWN)
    assert all((ROOT / "docs" / "pictures" / name).is_file() for name in pictures.DRAWN)
    monkeypatch.setattr(pictures, "DRAWN", {"one.png": lambda: Image.new("RGB", (4, 4))})
    monkeypatch.setattr(sys, "argv", ["draw_theory", "--out", str(tmp_path / "new")])
    assert pictures.main() == 0
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["one.png"]
