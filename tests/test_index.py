"""The index of our distributions: a name that is not installed but known says what gives it, and older names are understood."""

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import pytest

from ganzoo import Cache, UserError
from ganzoo.cli import invoke
from ganzoo.config import parse_config, resolve
from ganzoo.plugins import index
from ganzoo.registry import GROUP, Registry
from ganzoo.rundir import checkpoint

RUN = """\
data: {name: stacked_mnist, count: 40}
generator: {name: dcgan, width: 4, latent_dim: 4}
critic: {name: dcgan, width: 4}
loss: non_saturating
train: {steps: 2, batch_size: 4, device: cpu, threads: 1}
sample: {count: 4}
metrics: [{name: stacked_modes, samples: 20}]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def without(monkeypatch):
    """``without("ganzoo-data")``: from now on it is not installed."""

    def hide(*names):
        left = [entry for entry in importlib.metadata.entry_points(group=GROUP) if entry.dist.name not in names]
        monkeypatch.setattr(Registry, "installed", classmethod(lambda cls: cls(left)))

    return hide


def refusal(arguments, capsys):
    assert invoke(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


def test_a_part_of_a_distribution_that_is_not_installed_is_asked_for_in_one_line(monkeypatch):
    class Hidden:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name == "ganzoo_data":
                raise ModuleNotFoundError(f"No module named '{name}'", name=name)

    for module in ("ganzoo_data", "ganzoo_data.cache"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setattr(sys, "meta_path", [Hidden, *sys.meta_path])
    with pytest.raises(UserError, match="decoded images is part of ganzoo-data, which is not installed; pip install ganzoo-data"):
        Cache().images({}, [0], str, (1, 1, 1))


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_recipe_whose_data_set_is_not_installed_says_what_to_install(command, without, capsys):
    without("ganzoo-data")
    said = refusal([command, "ganzoo-wgan-gp:celeba"], capsys)
    assert (
        "recipes/celeba.yaml:6: data: the dataset 'celeba' is part of ganzoo-data, which is not installed; pip install ganzoo-data" in said
    )


def test_a_recipe_whose_plugin_is_not_installed_says_all_that_is_needed(without, capsys):
    without("ganzoo-wgan-gp", "ganzoo-data")
    wanted = (
        "the recipe 'ganzoo-wgan-gp:celeba' is part of ganzoo-wgan-gp, which is not installed; pip install ganzoo-wgan-gp ganzoo-data\n"
    )
    assert wanted in refusal(["run", "ganzoo-wgan-gp:celeba"], capsys)


@pytest.mark.parametrize(
    ("arguments", "kind", "name", "distribution"),
    [
        (["info", "fid"], "metric", "fid", "ganzoo-metrics"),
        (["info", "ganzoo-metrics/fid"], "metric", "fid", "ganzoo-metrics"),
        (["matrix", "--data", "mnist"], "dataset", "mnist", "ganzoo-data"),
        (["check", "c.yaml"], "dataset", "stacked_mnist", "ganzoo-data"),
        (["run", "c.yaml", "-o", "data=digits"], "metric", "stacked_modes", "ganzoo-metrics"),
        (["sweep", "sweep.yaml", "--dry-run"], "command", "sweep", "ganzoo-sweep"),
        (["export", "run"], "command", "export", "ganzoo-explore"),
        (["report", "run"], "command", "report", "ganzoo-report"),
        (["new-plugin", "tower", "--kind", "loss"], "command", "new-plugin", "ganzoo-kit"),
        (["check", "."], "command", "check", "ganzoo-kit"),
    ],
)
def test_a_name_that_is_not_installed_but_known_says_what_gives_it(arguments, kind, name, distribution, without, capsys):
    Path("c.yaml").write_text(RUN)
    without(distribution)
    wanted = f"the {kind} '{name}' is part of {distribution}, which is not installed; pip install {distribution}\n"
    assert wanted in refusal(arguments, capsys)


WITHOUT_KIT = """\
import sys

class Hide:
    def find_spec(self, name, path=None, target=None):
        if name == "ganzoo_kit":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hide())
from ganzoo.testing import conformance_tests
"""


def test_the_conformance_kit_that_is_not_installed_says_what_gives_it():
    done = subprocess.run([sys.executable, "-c", WITHOUT_KIT], capture_output=True, text=True)
    wanted = "ModuleNotFoundError: ganzoo.testing is part of ganzoo-kit, which is not installed; pip install ganzoo-kit"
    assert done.stderr.splitlines()[-1] == wanted


def test_a_feature_extractor_that_is_not_installed_says_what_gives_it(without, capsys):
    Path("c.yaml").write_text(RUN.replace("{name: stacked_mnist, count: 40}", "digits").partition("metrics")[0])
    assert invoke(["run", "c.yaml", "--out", "run", "-q"]) == 0
    without("ganzoo-metrics")
    said = refusal(["neighbours", "run", "--by", "digits", "--samples", "10", "-q"], capsys)
    assert "the extractor 'digits' is part of ganzoo-metrics, which is not installed; pip install ganzoo-metrics\n" in said


@pytest.mark.parametrize("arguments", [["info", "fidd"], ["run", "ganzoo-hub:celeba"]])
def test_a_name_that_nobody_gives_is_told_with_those_there_are(arguments, capsys):
    said = refusal(arguments, capsys)
    assert "pip install" not in said


def test_a_distribution_that_is_installed_but_broken_is_not_to_be_installed():
    registry = Registry.installed()
    assert registry.missing("metric", "fid") is None
    registry.components = [c for c in registry.components if c.name != "fid"]
    assert registry.missing("metric", "fid") is None  # its distribution is here: it is listed with the reason


def test_every_recipe_of_the_index_names_its_own_distribution_first():
    recipes = json.loads(index.FILE.read_text())["recipes"]
    assert len(recipes) >= 20
    assert all(needed[0] == recipe.partition(":")[0] for recipe, needed in recipes.items())


# What the core gave before it got a distribution of its own.


def test_names_of_then_are_understood():
    config = parse_config(RUN.replace("name: stacked_m", "name: ganzoo-core/stacked_m"))
    parts = resolve(config, Registry.installed())
    assert (parts.data.component.qualified, parts.metrics[0].component.qualified) == (
        "ganzoo-data/stacked_mnist",
        "ganzoo-metrics/stacked_modes",
    )
    assert index.current_name("dataset", "ganzoo-core/digits") == "ganzoo-core/digits"
    assert index.current_name("generator", "ganzoo-core/mlp") == "ganzoo-core/mlp"  # which it never gave


@pytest.fixture
def old_run(tmp_path):
    """A run as the release before would have left it: the core gave its data set and its metric."""
    Path("c.yaml").write_text(RUN)
    assert invoke(["run", "c.yaml", "--out", "run", "-q"]) == 0
    config = Path("run/config.yaml")
    lines = [line for line in config.read_text().splitlines() if not line.strip().startswith(("ganzoo-data:", "ganzoo-metrics:"))]
    text = "\n".join(lines).replace("ganzoo-data/", "ganzoo-core/").replace("ganzoo-metrics/", "ganzoo-core/")
    assert text.count("ganzoo-core/stacked_m") == 2
    config.write_text(text + "\n")
    for path in checkpoint.existing(Path("run/checkpoints")):
        state = checkpoint.decode(path.read_bytes(), path)
        for name in ("ganzoo-data", "ganzoo-metrics"):
            del state["versions"][name]
        path.write_bytes(checkpoint.encode(state))


def test_a_run_of_then_resumes_evaluates_and_samples(old_run, capsys):
    assert invoke(["run", "c.yaml", "--out", "run", "--resume", "-o", "train.steps=3"]) == 0
    assert "resuming elsewhere" not in capsys.readouterr().err
    assert checkpoint.existing(Path("run/checkpoints"))[0].name == "step-00000003.ckpt"


def test_the_configuration_of_a_run_of_then_serves_every_command(old_run, capsys):
    assert invoke(["eval", "run", "-m", "ganzoo-core/stacked_modes", "-o", "samples=10", "-q"]) == 0
    assert invoke(["sample", "run", "-n", "4", "--npz", "samples.npz"]) == 0
    assert invoke(["run", "run/config.yaml", "--out", "again", "-q"]) == 0
    assert invoke(["info", "ganzoo-core/stacked_mnist"]) == 0
    assert "dataset stacked_mnist  (ganzoo-data " in capsys.readouterr().out
