"""Recipes that plugins ship: found without an import, run by name, equal to those of ``zoo_configs/``."""

import importlib.util
import json
import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from ganzoo.cli import invoke
from ganzoo.config import load_config, resolve
from ganzoo.errors import UserError
from ganzoo.plugins.recipes import find_recipe, recipes_among, recipes_of
from ganzoo.registry import Plugin, Registry

ROOT = Path(__file__).parents[1]
spec = importlib.util.spec_from_file_location("copy_recipes", ROOT / "tools/copy_recipes.py")
copy_recipes = importlib.util.module_from_spec(spec)
spec.loader.exec_module(copy_recipes)

OWN = [plugin for plugin in Registry.installed().plugins if (ROOT / "plugins" / plugin.distribution).is_dir()]
SHIPPING = [plugin for plugin in OWN if recipes_of(plugin)]
TINY = ["-o", "train.steps=2", "-o", "train.batch_size=8", "-o", "train.threads=1", "-o", "train.device=cpu", "-o", "sample.count=4"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_recipe_of_the_repository_is_shipped_by_one_plugin_byte_for_byte():
    assert copy_recipes.SHIPPED.keys() == {path.stem for path in (ROOT / "zoo_configs").glob("*.yaml")}, "add it to tools/copy_recipes.py"
    for name in copy_recipes.SHIPPED:
        source = ROOT / "zoo_configs" / f"{name}.yaml"
        assert copy_recipes.copy_of(name).read_bytes() == source.read_bytes(), "run tools/copy_recipes.py"
    own = {recipe.qualified for plugin in OWN for recipe in recipes_of(plugin)}
    assert own == set(copy_recipes.SHIPPED.values())


@pytest.mark.parametrize("plugin", SHIPPING, ids=lambda plugin: plugin.distribution)
def test_the_extra_recipes_names_the_plugins_that_the_recipes_use(plugin):
    project = tomllib.loads((ROOT / "plugins" / plugin.distribution / "pyproject.toml").read_text())["project"]
    named = {Requirement(text).name for text in project.get("optional-dependencies", {}).get("recipes", ())}
    registry = Registry.installed()
    used = {name for recipe in recipes_of(plugin) for name in resolve(load_config(recipe.path), registry).versions}
    assert named == used - {"ganzoo-core", plugin.distribution}


def test_plugins_lists_them_with_what_they_are_about(capsys):
    assert invoke(["plugins"]) == 0
    assert re.search(r"^ganzoo-lsgan:ring +LSGAN on the ring of 8 Gaussians\.$", capsys.readouterr().out, re.MULTILINE)
    assert invoke(["plugins", "--json"]) == 0
    listed = {plugin["distribution"]: plugin["recipes"] for plugin in json.loads(capsys.readouterr().out)}
    assert listed["ganzoo-lsgan"]["ganzoo-lsgan:ring"] == "LSGAN on the ring of 8 Gaussians."
    assert listed["ganzoo-core"] == {}


def test_a_recipe_runs_by_name_into_a_folder_of_its_name(folder, capsys):
    assert invoke(["run", "ganzoo-lsgan:ring", "-q", *TINY]) == 0, capsys.readouterr().err
    run = folder / "runs/ganzoo-lsgan-ring"
    assert (run / "recipe.yaml").read_bytes() == (ROOT / "zoo_configs/ring_lsgan.yaml").read_bytes()
    assert invoke(["run", "ganzoo-lsgan:ring", "-q", "--resume", *TINY, "-o", "train.steps=3"]) == 0, capsys.readouterr().err
    assert [path.name for path in (folder / "runs").iterdir()] == ["ganzoo-lsgan-ring"]


def test_a_recipe_can_be_checked_by_name(capsys):
    assert invoke(["check", "ganzoo-vanilla:ring", "-q", *TINY]) == 0, capsys.readouterr().err
    assert "fits" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ganzoo-lsgan:rng", "ganzoo-lsgan ships no recipe 'rng'; did you mean 'ganzoo-lsgan:ring'? (its recipes: ganzoo-lsgan:celeba, "),
        ("ganzoo-lsgn:ring", "no installed plugin called 'ganzoo-lsgn' ships recipes; did you mean 'ganzoo-lsgan'?"),
        ("ganzoo-core:ring", "no installed plugin called 'ganzoo-core' ships recipes; "),
    ],
)
def test_a_wrong_name_is_told_with_the_nearest(text, said, capsys):
    assert invoke(["run", text]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_a_file_of_that_name_comes_first(folder):
    (folder / "ganzoo-lsgan:ring").write_text("")
    assert find_recipe("ganzoo-lsgan:ring", Registry.installed) is None
    assert find_recipe("zoo_configs/ring_lsgan.yaml", Registry.installed) is None


@pytest.fixture
def tower(folder, monkeypatch):
    """A plugin whose package fails when it is imported, with one recipe."""
    recipes = folder / "site/ganzoo_tower/recipes"
    recipes.mkdir(parents=True)
    (recipes.parent / "__init__.py").write_text("raise RuntimeError('imported')")
    (recipes / "ring.yaml").write_text("# Towers on the ring.\ndata: ring\ngenerator: tower\ncritic: mlp\nloss: least_squares\n")
    (recipes / "notes.txt").write_text("no recipe")
    monkeypatch.syspath_prepend(str(folder / "site"))
    monkeypatch.delitem(sys.modules, "ganzoo_tower", raising=False)  # the tutorial's plugin has this name, too
    plugin = Plugin("ganzoo-tower", "1.0", "ganzoo_tower", broken="RuntimeError: imported")
    registry = Registry.installed()
    registry.plugins.append(plugin)
    monkeypatch.setattr(Registry, "installed", lambda: registry)
    return plugin


def test_finding_recipes_imports_no_plugin(tower):
    (recipe,) = recipes_of(tower)
    assert (recipe.qualified, recipe.about) == ("ganzoo-tower:ring", "Towers on the ring.")
    assert "ganzoo_tower" not in sys.modules
    assert recipe in recipes_among(Registry.installed().plugins)


def test_what_is_wrong_in_a_recipe_is_told_with_its_file(tower):
    config = load_config("ganzoo-tower:ring")
    with pytest.raises(UserError) as caught:
        resolve(config, Registry.installed())
    assert f"{recipes_of(tower)[0].path}:3: generator: 'tower' is not an installed generator" in str(caught.value)


@pytest.mark.parametrize("module", ["no_such_package_anywhere", "ganzoo.builtins", "json:loads", "__main__"])
def test_a_plugin_without_a_folder_of_recipes_has_none(module):
    assert recipes_of(Plugin("ganzoo-other", "1.0", module)) == []
