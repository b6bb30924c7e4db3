"""Every recipe loads, cites its source, fits its data at full size, and trains on a little of it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from ganzoo_report.changes import changes_from_recipe
from stand_ins import DRAWN, SMALL, WRITE, pretrained

from ganzoo import compat
from ganzoo.cli import invoke
from ganzoo.config import load_config, parse_config, resolve, resolved_values, strict_yaml
from ganzoo.config.yaml_writer import dump
from ganzoo.engine.loop import Loop
from ganzoo.fields import DataSpec
from ganzoo.registry import Registry
from ganzoo.rundir import checkpoint

FOLDER = Path(__file__).parents[1] / "zoo_configs"
RECIPES = {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}
PROMISED = {
    *("quickstart", "vanilla_mnist", "vanilla_conv_mnist", "lsgan_mnist", "lsgan_celeba", "dcgan_celeba", "dcgan_folder", "wgan_mnist"),
    *("wgan_celeba", "wgan_gp_mnist", "wgan_gp_celeba", "wgan_gp_cifar10", "acgan_mnist", "acgan_cifar10", "ring_lsgan", "grid_wgan_gp"),
    "dcgan_stacked_mnist",
}
DATA = {
    **dict.fromkeys(("digits", "mnist"), DataSpec({"sample": (1, 28, 28), "label": ()}, 10)),
    "cifar10": DataSpec({"sample": (3, 32, 32), "label": ()}, 10),
    "attributed_digits": DataSpec({"sample": (1, 28, 28), "attributes": (11,), "label": ()}, 12),
    "captioned": DataSpec({"sample": (3, 256, 256), "source": (3, 64, 64), "text": (1024,)}),
    "ring": DataSpec({"sample": (2,)}, 0, 0.7),
    "grid": DataSpec({"sample": (2,)}, 0, 2.8),
    "stacked_mnist": DataSpec({"sample": (3, 28, 28), "label": ()}, 1000),
    "described": DataSpec({"sample": (3, 32, 32), "source": (3, 16, 16), "text": (16,)}),
}


def data_of(config):
    """What a recipe's data holds; pictures have the size, and the low resolution or the hole, that it asks for."""
    params = config.data.params
    if config.data.name in DATA and "attributes" not in params:
        return DATA[config.data.name]
    drawn = config.data.name in DRAWN
    shape = (3, *[params.get("size", 32 if drawn else 64)] * 2)
    if drawn or config.data.name in ("paired", "unpaired"):
        apart = ("source",) if config.data.name in ("tinted", "unpaired") else ()
        return DataSpec({"source": shape, "sample": shape}, independent=apart)
    fields = {"sample": shape} | ({"attributes": (n,), "label": ()} if (n := len(params.get("attributes", ()))) else {})
    if times := params.get("low_resolution"):
        fields["source"] = (3, shape[1] // times, shape[2] // times)
    if params.get("mask"):
        fields |= {"source": shape, "mask": (1, *shape[1:])}
    return DataSpec(fields, 2 * n)


REGISTRY = Registry.installed()


def recipe(name, *overrides):
    config = load_config(RECIPES[name], overrides)
    return config, resolve(config, REGISTRY)


def test_the_promised_recipes_are_there():
    assert RECIPES.keys() >= PROMISED


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_cites_its_source_and_names_its_departures(name):
    head = [line for line in RECIPES[name].read_text().splitlines() if line.startswith("#")]
    assert RECIPES[name].read_text().startswith("\n".join(head))  # the comment stands at the top, whole
    text = " ".join(line.removeprefix("#").strip() for line in head)
    assert re.search(r"Source: .*(arXiv:\d{4}\.\d{5}|arXiv:\d{4}\.\d{4}|\w+/\w+)", text)
    assert re.search(r"Departures(, | from |: )[^.]*\w+", text)
    papers = set(re.findall(r"arXiv:\d{4}\.\d{4,5}", text))
    _, resolved = recipe(name)
    parts = (resolved.generator, resolved.critic, *resolved.losses, resolved.schedule)
    known = {paper for part in parts for paper in re.findall(r"arXiv:\d{4}\.\d{4,5}", part.cls.paper)}
    assert papers & known, f"{name} cites {papers}, its parts {known}"


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_fits_its_data_at_full_size_and_nothing_in_it_is_idle(name, tmp_path):
    config, resolved = recipe(name, *pretrained(load_config(RECIPES[name]).loss, tmp_path / "vgg19.pth"))
    verdict = compat.check(resolved.generator, resolved.critic, resolved.losses, resolved.schedule, data_of(config))
    assert (verdict.problems, verdict.notes) == ([], [])
    assert config.train.seed == 0


def small(name, steps, folder):
    """The words of the command that train a recipe for a few steps at a small size, on stand-in data in ``folder``."""
    config, _ = recipe(name)
    options = [f"train.steps={steps}", "train.batch_size=4", "train.device=cpu", "train.threads=1", "sample.count=10"]
    options += [f"{side}.{SMALL[getattr(config, side).name]}" for side in ("generator", "critic")]
    if config.data.name in WRITE:
        WRITE[config.data.name](folder)
        options.append(f"data.root={folder}")
    options += ["data.count=160"] if config.data.name in DRAWN or "count" in config.data.params else []
    options += ["data.size=64", "data.load_size=72"] if "load_size" in config.data.params else []
    options += ["data.size=64"] if config.data.name in ("folder", "captioned") else []
    options += [*pretrained(config.loss, folder / "vgg19.pth"), *(f"metrics.{i}.samples=20" for i in range(len(config.metrics)))]
    options += ["schedule.boost_updates=2"] if config.schedule.name == "wgan" else []
    return ["run", str(RECIPES[name]), "--quiet", *(word for option in options for word in ("-o", option))]


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_takes_two_steps_at_a_small_size(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert invoke([*small(name, 2, tmp_path / "data"), "--out", "run"]) == 0, capsys.readouterr().err
    assert (tmp_path / "run/samples/step-00000002.png").stat().st_size > 100
    assert (tmp_path / "run/recipe.yaml").read_bytes() == RECIPES[name].read_bytes()


class BrokenOff(BaseException):
    """Ends a run without a chance to save."""


@pytest.mark.slow
@pytest.mark.promise(
    "State", "Every shipped recipe: 40 steps equal a run broken off at step 27 and resumed from 20 by a fresh process (CPU)"
)
@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_resumes_bit_for_bit_in_a_fresh_process(name, tmp_path, monkeypatch, differing, found):
    monkeypatch.chdir(tmp_path)
    words = [*small(name, 40, tmp_path / "data"), "-o", "checkpoint.every=20", "-o", "sample.every=40", "-o", "metrics=[]", "--out"]

    def state(folder):
        return checkpoint.decode(Path(folder, "checkpoints/step-00000040.ckpt").read_bytes(), folder)

    def break_off(self):
        if self.run.step == 27:
            raise BrokenOff
        step(self)

    step = Loop.step
    assert invoke([*words, "whole"]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(Loop, "step", break_off)
        with pytest.raises(BrokenOff):
            invoke([*words, "halves"])
    assert checkpoint.existing(Path("halves/checkpoints"))[0].name == "step-00000020.ckpt"
    done = subprocess.run([sys.executable, "-m", "ganzoo", *words, "halves", "--resume"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert differing(state("whole"), state("halves")) == []
    found(name)


@pytest.mark.parametrize("name", RECIPES)
def test_the_configuration_that_a_run_keeps_is_its_recipe(name):
    config, resolved = recipe(name)
    kept = dump(resolved_values(config, resolved))
    again = parse_config(kept)
    assert dump(resolved_values(again, resolve(again, REGISTRY))) == kept
    assert changes_from_recipe(strict_yaml.read(RECIPES[name]).value, strict_yaml.parse(kept, "config.yaml").value) == []
