"""The gallery shows what runs gave: one picture and one number each, small, with provenance; and says what was not run."""

import importlib
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.cli import invoke

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))
command, page, runs = (importlib.import_module(f"gallery.{name}") for name in ("command", "page", "runs"))
PAGE = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^:::\{grid-item-card\} (\w+)$", PAGE, re.MULTILINE)
LISTED = re.findall(r"^- `(\w+)`: ", PAGE, re.MULTILINE)


def test_every_recipe_is_shown_or_said_not_to_be_run():
    assert sorted(SHOWN + LISTED) == sorted(path.stem for path in runs.RECIPES.glob("*.yaml"))
    assert len(SHOWN) >= 11


@pytest.mark.parametrize("recipe", SHOWN)
def test_a_card_has_a_small_picture_and_a_number_with_its_provenance(recipe):
    path = ROOT / "docs" / "pictures" / "gallery" / f"{recipe}.png"
    assert path.stat().st_size < 100_000
    with Image.open(path) as image:
        assert max(image.size) <= page.LARGEST
        assert np.asarray(image.convert("L")).std() > 5  # a picture of something
    card = re.search(rf"grid-item-card\}} {recipe}\n(.*?)\n:::\n", PAGE, re.DOTALL)[1]
    assert re.search(r"^\*\*[\w -]+ [\d.]+%?\*\*", card, re.MULTILINE)
    assert re.search(rf"\{{\.provenance\}}\nmetric ganzoo-core/{runs.METRICS[recipe]} [\d.]+, .*seed \d+", card)
    assert f"zoo_configs/{recipe}.yaml" in card


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """A run of a recipe, short and measured, where the tool looks for it."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    settings = ["-o", "train.steps=2", "-o", "train.threads=1", "-o", "train.batch_size=8", "-o", "sample.count=16"]
    assert invoke(["run", str(runs.RECIPES / "ring_lsgan.yaml"), *settings, "-q", "--out", str(tmp_path / "runs/ring_lsgan-0")]) == 0
    assert invoke(["eval", str(tmp_path / "runs/ring_lsgan-0"), "--metric", "modes", "-q"]) == 0
    (tmp_path / "page.md").write_text("# Gallery\n\n<!-- gallery: written by tools/make_gallery -->\n<!-- end of gallery -->\n\nThe end.\n")
    return tmp_path


def made(folder):
    command.make(command.parser().parse_args(["--runs", str(folder / "runs"), "--page", str(folder / "page.md")]))
    return (folder / "page.md").read_text()


def test_the_command_shows_the_run_that_is_there_and_lists_the_rest(finished):
    text = made(finished)
    event = [json.loads(line) for line in (finished / "runs/ring_lsgan-0/metrics.jsonl").read_text().splitlines()][-1]
    assert f"**high quality {event['values']['high_quality']:.1%}**, modes {event['values']['modes']:.0f}" in text
    assert text.count("{grid-item-card}") == 1
    assert "- `quickstart`: " in text
    assert text.endswith("\nThe end.\n")
    shown = (finished / "pictures/gallery/ring_lsgan.png").read_bytes()
    assert shown == (finished / "runs/ring_lsgan-0/samples/step-00000002.png").read_bytes()
    assert made(finished) == text


def test_a_run_of_another_recipe_or_without_a_number_is_not_shown(finished):
    recipe = finished / "runs/ring_lsgan-0/recipe.yaml"
    before = recipe.read_text()
    recipe.write_text(before.replace("least_squares", "non_saturating"))
    assert runs.find("ring_lsgan", 0, finished / "runs") is None
    recipe.write_text("# Another comment.\n" + before)
    assert runs.find("ring_lsgan", 0, finished / "runs").numbers.keys() == {"modes", "high_quality"}
    log = finished / "runs/ring_lsgan-0/metrics.jsonl"
    log.write_text("".join(line for line in log.read_text().splitlines(True) if '"evaluated"' not in line))
    assert runs.find("ring_lsgan", 0, finished / "runs") is None


def test_large_pictures_are_made_small(tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (1200, 1500, 3), np.uint8)).save(tmp_path / "large.png")
    page.write_picture(tmp_path / "large.png", tmp_path / "small.png")
    with Image.open(tmp_path / "small.png") as image:
        assert image.size == (900, 720)
    assert (tmp_path / "small.png").stat().st_size < (tmp_path / "large.png").stat().st_size / 4


def test_a_page_without_a_place_for_cards_is_an_error(finished, monkeypatch, capsys):
    (finished / "page.md").write_text("# Gallery\n")
    monkeypatch.setattr(sys, "argv", ["make_gallery", "--runs", str(finished / "runs"), "--page", str(finished / "page.md")])
    assert command.main() == 2
    assert "has no place for gallery; put the lines" in capsys.readouterr().err
