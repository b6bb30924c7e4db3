"""The gallery shows what runs gave: one picture and one number each, small, with provenance; and says what was not run."""

import importlib
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from ganzoo_data.cifar import CIFAR10
from PIL import Image

from ganzoo.cli import invoke
from ganzoo.config import load_config

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
command, drawn, editions, page, runs = (
    importlib.import_module(f"figures.gallery.{name}") for name in ("command", "drawn", "editions", "page", "runs")
)
make_faces = importlib.import_module("benchmarks.loading.pictures").make_faces
PAGE = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^:::\{grid-item-card\} (\w+)$", PAGE, re.MULTILINE)
LISTED = re.findall(r"^- `(\w+)`: ", PAGE, re.MULTILINE)
GROWING = ("progan_folder", "stylegan2_folder")
OWN = {
    "stylegan2_folder": "generator.mapping_layers critic.group loss.1.gamma loss.2.weight train.ema.half_life train.ema.ramp",
    "srgan_folder": "generator.blocks loss.1.name loss.2.weight schedule.then optimizer.generator.lr",
    "context_encoder_folder": "generator.bottleneck",
    "stackgan_captioned": "data.low_resolution loss.1.weight loss.3.weight optimizer.generator.lr optimizer.critic.lr",
}


def test_every_recipe_is_shown_or_said_not_to_be_run():
    assert (sorted(SHOWN), LISTED) == (sorted(path.stem for path in runs.RECIPES.glob("*.yaml")), [])


@pytest.mark.parametrize("recipe", SHOWN)
def test_a_card_has_a_small_picture_and_a_number_with_its_provenance(recipe):
    path = ROOT / "docs" / "pictures" / "gallery" / f"{recipe}.png"
    assert path.stat().st_size < 100_000
    with Image.open(path) as image:
        assert max(image.size) <= page.LARGEST
        assert np.asarray(image.convert("L")).std() > 5  # a picture of something
    card = re.search(rf"grid-item-card\}} {recipe}\n(.*?)\n:::\n", PAGE, re.DOTALL)[1]
    assert re.search(r"^\*\*[\w -]+ [\d.]+%?\*\*", card, re.MULTILINE)
    assert re.search(rf"\{{\.provenance\}}\nmetric ganzoo-[a-z-]+/{runs.METRICS[recipe]} [\d.]+, .*seed \d+", card)
    command = f"`ganzoo run zoo_configs/{recipe}.yaml " + "".join(f"-o {setting} " for setting in runs.settings_of(recipe, 0))
    assert command in card
    assert load_config(runs.RECIPES / f"{recipe}.yaml").train.precision == ("auto" if recipe in editions.EDITIONS else "fp32")


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """A run of a recipe, short and measured, where the tool looks for it."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(editions.EDITIONS, "ring_lsgan", editions.Edition("ring", ("train.steps=2", "train.batch_size=8")))
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
    assert "LSGAN on the ring of 8 Gaussians. Here: `train.steps` 2 (recipe: 8,000), `train.batch_size` 8 (recipe: 256)." in text
    shown = (finished / "pictures/gallery/ring_lsgan.png").read_bytes()
    assert shown == (finished / "runs/ring_lsgan-0/samples/step-00000002.png").read_bytes()
    assert made(finished) == text
    environment = finished / "runs/ring_lsgan-0/env.json"
    environment.write_text(environment.read_text().replace('"fp32"', '"bf16"'))
    assert runs.find("ring_lsgan", 0, finished / "runs") is None


def test_a_run_of_another_recipe_or_without_a_number_is_not_shown(finished):
    recipe = finished / "runs/ring_lsgan-0/recipe.yaml"
    before = recipe.read_text()
    recipe.write_text(before.replace("least_squares", "non_saturating"))
    assert runs.find("ring_lsgan", 0, finished / "runs") is None
    recipe.write_text("# Another comment.\n" + before.replace(", precision: fp32", ""))
    assert runs.find("ring_lsgan", 0, finished / "runs").numbers.keys() == {"modes", "high_quality"}
    log = finished / "runs/ring_lsgan-0/metrics.jsonl"
    log.write_text("".join(line for line in log.read_text().splitlines(True) if '"evaluated"' not in line))
    assert runs.find("ring_lsgan", 0, finished / "runs") is None


@pytest.mark.parametrize("setting", ["train.steps=3", "train.batch_size=9", "generator.hidden=[8]"])
def test_a_run_with_other_settings_is_not_shown(finished, monkeypatch, setting):
    assert runs.find("ring_lsgan", 0, finished / "runs")
    settings = [setting, *(other for other in ("train.steps=2", "train.batch_size=8") if other.split("=")[0] != setting.split("=")[0])]
    monkeypatch.setitem(editions.EDITIONS, "ring_lsgan", editions.Edition("ring", tuple(settings)))
    assert runs.find("ring_lsgan", 0, finished / "runs") is None


def test_small_editions_fit_and_stay_close_to_their_recipes():
    for recipe, edition in editions.EDITIONS.items():
        load_config(runs.RECIPES / f"{recipe}.yaml", edition.settings)
        changed = {setting.partition("=")[0] for setting in edition.settings}
        of_data = {"data.crop", "data.size", "data.load_size", "data.flip", "data.direction"}
        own = {*OWN.get(recipe, "").split(), *(f"{side}.capacity" for side in ("generator", "critic") if recipe in GROWING)}
        assert changed <= {"generator.width", "critic.width", "train.steps", "train.batch_size", "train.ema"} | of_data | own


def test_what_stands_in_for_cifar10_is_read_as_it(tmp_path, monkeypatch):
    monkeypatch.setattr(editions, "CIFAR10_IMAGES", 20)
    images = CIFAR10(root=str(editions.Sources(tmp_path, tmp_path, tmp_path / "made").root("cifar10"))).arrays(None)
    assert (images["sample"].shape, np.bincount(images["label"]).tolist()) == ((100, 3, 32, 32), [10] * 10)
    assert len({image.tobytes() for image in images["sample"]}) == 100


def test_a_folder_of_pictures_holds_the_faces(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    make_faces(tmp_path / "celeba", 3, 3)
    sources = editions.Sources(tmp_path, tmp_path / "celeba", tmp_path / "made")
    pictures = sorted(sources.root("folder").glob("*.png"))
    assert len(pictures) == 3
    with Image.open(pictures[0]) as picture, Image.open(tmp_path / "celeba/img_align_celeba/000001.jpg") as face:
        assert picture.size == (64, 64)
        expected = face.crop((15, 35, 163, 183)).resize((64, 64), Image.Resampling.BOX)
        assert np.abs(np.asarray(picture, np.float32) - np.asarray(expected, np.float32)).mean() < 8
    before = pictures[0].stat().st_mtime_ns
    assert (sources.root("folder"), pictures[0].stat().st_mtime_ns) == (pictures[0].parent, before)  # made once


@pytest.mark.parametrize("kind", drawn.KINDS)
def test_a_drawn_thing_stands_out_and_stays_inside(kind):
    assert np.hypot(*np.array(drawn.KINDS[kind]()).T).max() <= 1.2
    for seed in range(5):
        image = np.asarray(drawn.draw(kind, np.random.default_rng(seed), 64), np.float32)
        assert np.abs(image - image[0, 0]).max() > 60  # the thing, before the background
        assert (image[:, [0, -1]] == image[0, 0]).all()


def test_large_pictures_are_made_small(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (1200, 400, 3), np.uint8)
    Image.fromarray(np.pad(noise, ((0, 0), (0, 1100), (0, 0)))).save(tmp_path / "large.png")
    page.write_picture(tmp_path / "large.png", tmp_path / "small.png")
    with Image.open(tmp_path / "small.png") as image:
        assert max(image.size) <= 900
        assert abs(image.width / image.height - 1.25) < 0.01
    assert (tmp_path / "small.png").stat().st_size <= page.MOST_BYTES


def test_a_page_without_a_place_for_cards_is_an_error(finished, monkeypatch, capsys):
    (finished / "page.md").write_text("# Gallery\n")
    monkeypatch.setattr(sys, "argv", ["make_gallery", "--runs", str(finished / "runs"), "--page", str(finished / "page.md")])
    assert command.main() == 2
    assert "has no place for gallery; put the lines" in capsys.readouterr().err
