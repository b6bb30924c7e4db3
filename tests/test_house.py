"""The rules of the house, kept by reading the source: who may call what, what is never written, where things are said."""

import ast
import importlib.metadata
import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from our_projects import COLLECTIONS, PLUGINS, PROJECTS
from packaging.requirements import Requirement
from written import ROOT, TEXT, written

from ganzoo import hookspecs
from ganzoo.registry import Registry

CORE = ROOT / "ganzoo"
OWN = [c for c in Registry.installed().components if c.distribution in PLUGINS]
LOSSES = [c for c in OWN if c.kind == "loss"]
BESIDE = {name for name in PLUGINS if {c.kind for c in OWN if c.distribution == name} <= {"dataset", "metric"}}
"""Plugins that give nothing which takes part in a training step: they read files, or look at finished samples."""


def sources(*folders):
    """Python files, tests left out."""
    return [path for folder in folders for path in sorted(folder.rglob("*.py")) if "tests" not in path.relative_to(ROOT).parts]


GAME = [path for path in sources(CORE, ROOT / "plugins") if CORE / "engine" not in path.parents]
"""All that a run is made of, but the engine."""
PLAYING = [path for path in sources(ROOT / "plugins") if path.relative_to(ROOT).parts[1] not in BESIDE]
"""The plugins whose code runs in a training step."""
ALL = sources(CORE, ROOT / "plugins", ROOT / "tools")


def nodes(paths, kind):
    """(place, node) for every node of a kind."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, kind):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def method_calls(paths, *names):
    """(place, source text, node) of every call ``something.NAME(...)``."""
    for place, node in nodes(paths, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in names:
            yield place, ast.unparse(node), node


# The core names no variant.

NAMED = {c.name for c in OWN if c.kind not in ("dataset", "metric")}
FAMILIES = {"vanilla", "lsgan", "dcgan", "wgan", "acgan", "wgan_gp", "resnet", "minimax", "wasserstein", "hinge", "auxiliary_classifier"}
SHORT = {"ada", "mlp", "pac", "r1", "hinge", "acgan"}
"""Looked for as words of their own: others hold them (PacGAN, as the source of a data set)."""
DATA = {CORE / "plugins/index.json"}
"""Written by a tool from the projects under plugins/: no code, and read only to say which distribution gives a name."""


def variant_pattern(name):
    """``gradient_penalty`` as it may be written: GradientPenalty, gradient penalty, gradient-penalties."""
    loose = re.escape(name).replace("_", "[ _-]?")
    loose = f"{loose[:-1]}(?:y|ies)" if loose.endswith("y") else loose
    return rf"(?<![a-z0-9]){loose}(?![a-z0-9])" if name in SHORT else loose


VARIANTS = re.compile("|".join(sorted(map(variant_pattern, NAMED | FAMILIES))), re.IGNORECASE)


def test_the_core_names_no_variant():
    assert {"non_saturating", "dcgan", "gradient_penalty"} <= NAMED
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted(CORE.rglob("*"))
        if path.is_file() and path.suffix in TEXT and "__pycache__" not in path.parts and path not in DATA
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if VARIANTS.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "text",
    ["class WGANLoop", "a gradient penalty", "GradientPenalty", "least-squares", "# as DCGAN's code", "mlp: 3", "a Wasserstein-1 distance"],
)
def test_a_variants_name_is_recognised_in_any_writing(text):
    assert VARIANTS.search(text)
    assert not VARIANTS.search("minimise the penalty of an mlpx with r10 weights")


# Only the engine trains.


def test_only_the_engine_calls_backward_step_and_zero_grad():
    assert [f"{place}: {text}" for place, text, _ in method_calls(GAME, "backward", "step", "zero_grad")] == []


def test_only_the_engine_the_metrics_and_finished_runs_move_tensors_between_devices():
    """A metric's network goes to where the samples are, as does what looks at a finished run; nothing of the game moves itself."""
    beside = {CORE / "metrics", CORE / "runs", *(ROOT / "plugins" / name for name in BESIDE)}
    game = [path for path in GAME if not beside & {*path.parents}]
    moves = [
        f"{place}: {text}"
        for place, text, node in method_calls(game, "to", "cuda", "cpu")
        if node.func.attr == "cuda" or "device" in text or '"cuda' in text or "'cuda" in text
    ]
    assert moves == []


def test_no_component_waits_for_the_device():
    waits = [f"{place}: {text}" for place, text, _ in method_calls(PLAYING, "item", "tolist", "numpy", "cpu")]
    assert waits == []
    assert {"ganzoo-vanilla", "ganzoo-tensorboard"}.isdisjoint(BESIDE)


def test_the_loop_is_short_and_says_what_it_does_over_each_block():
    text = (CORE / "engine/loop.py").read_text()
    assert len(text.splitlines()) < 200
    step = next(n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef) and n.name == "step")
    body = text.splitlines()[step.lineno : step.end_lineno]
    assert sum(line.strip().startswith("# ") for line in body) >= 3


def test_modules_have_one_subject():
    files = [path for path in written() if path.suffix == ".py"]
    assert len(files) > 700
    assert {str(path.relative_to(ROOT)): n for path in files if (n := len(path.read_text().splitlines())) > 260} == {}


def test_the_core_depends_on_neither_torchvision_nor_jinja2():
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {"torch", "numpy"} < {Requirement(text).name for text in needed}
    assert {"torchvision", "jinja2"}.isdisjoint({Requirement(text).name for text in needed})


# What is never written.


def test_images_are_read_by_pillow_alone():
    found = [(place, ast.unparse(node)) for place, node in nodes(ALL, (ast.Import, ast.ImportFrom))]
    found += [(place, ast.unparse(node)) for place, node in nodes(ALL, ast.Attribute) if node.attr == "io"]
    assert [each for each in found if re.search(r"torchvision\.io|\bcv2\b|imageio|skimage|matplotlib", each[1])] == []


def test_a_home_is_looked_up_in_one_place():
    """Anywhere else that of a user who is not here would be an unexpected error."""
    found = {place.rpartition(":")[0] for place, _, _ in method_calls(ALL, "expanduser", "home")}
    assert found <= {"ganzoo/files.py", "plugins/ganzoo-kit/ganzoo_kit/doctor.py"}


WORDS = ["static" + "_graph", "/wo" + "rk/", "/tmp" + "/dev", "NotImplemented" + "Error", "TO" + "DO", "FIX" + "ME"]


@pytest.mark.parametrize("word", WORDS)
def test_what_nobody_writes(word):
    assert [str(path.relative_to(ROOT)) for path in written() if word in path.read_text(errors="replace")] == []


# Losses: one screen each, with its mathematics and its source.


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_a_loss_is_one_screen_with_its_equation_and_paper(loss):
    cls = loss.load()
    module = inspect.getmodule(cls)
    assert len(inspect.getsource(module).splitlines()) < 60
    said = f"{module.__doc__}\n{inspect.getdoc(cls)}"
    assert re.search(r"arXiv:\d{4}\.\d{4,5}", said)
    assert re.search(r"^(critic|generator): +\S|^\w.* (=|<-) \S", said, re.MULTILINE), "no equation"
    assert re.search(r"\d{4}, arXiv:\d{4}\.\d{4,5}", cls.paper)


# Hooks.


def hooks():
    return [value for name, value in vars(hookspecs).items() if hasattr(value, "ganzoo_spec") and not name.startswith("_")]


@pytest.mark.parametrize("hook", hooks(), ids=lambda hook: hook.__name__)
def test_every_hook_explains_when_it_is_called_and_each_argument(hook):
    doc = inspect.getdoc(hook)
    assert doc
    arguments = set(inspect.signature(hook).parameters)
    _, _, listed = doc.partition("Args:")
    assert set(re.findall(r"^\s+(\w+): \S", listed, re.MULTILINE)) == arguments
    if hook.__name__.startswith("ganzoo_"):
        assert "Called" in doc
        assert "Returns" in doc


def test_there_are_hooks_of_both_sorts():
    names = {hook.__name__ for hook in hooks()}
    assert {hookspecs.hook_of(kind) for kind in hookspecs.KINDS} <= names
    assert {"run_started", "step_logged", "samples_saved", "checkpoint_saved", "run_finished"} <= names


# Plugins.


@pytest.mark.parametrize("name", PLUGINS)
def test_a_plugin_is_a_whole_project(name):
    project, plugin = PLUGINS[name], ROOT / "plugins" / name
    module = name.replace("-", "_")
    assert project["name"] == name
    core = next(Requirement(text) for text in project["dependencies"] if text.startswith("ganzoo-core"))
    assert {specifier.operator for specifier in core.specifier} == {">=", "<"}
    assert core.specifier.contains(importlib.metadata.version("ganzoo-core"))
    assert not any(Requirement(text).name == "ganzoo" for text in project["dependencies"])  # that name is another project's
    assert module in project["entry-points"]["ganzoo"].values()
    assert (plugin / module / "__init__.py").is_file()
    assert list((plugin / "tests").glob("test_*.py"))
    readme = (plugin / project["readme"]).read_text()
    own = [c for c in (*OWN, *Registry.installed().commands) if c.distribution == name]
    if {c.kind for c in own} == {"command"}:
        assert all(f"`ganzoo {c.name} " in readme for c in own)
        return
    without_paper = {c.kind for c in own} <= {"observer", "command"}  # a tracker has a home
    source = "https://" if without_paper else r"arXiv:\d{4}\.\d{4,5}"
    assert re.search(source, readme)
    assert all(f"`{c.name}`" in readme for c in own)


def test_what_is_no_plugin_only_depends_on_all_that_is_here():
    assert COLLECTIONS.keys() == {"ganzoo-all"}
    for name, project in COLLECTIONS.items():
        assert {Requirement(text).name for text in project["dependencies"]} == {"ganzoo-core", *PROJECTS} - {name}
        assert list((ROOT / "plugins" / name).rglob("*.py")) == []
        assert (ROOT / "plugins" / name / project["readme"]).is_file()


def test_nobody_is_told_to_install_another_projects_package():
    wrong = re.compile(r"pip install\s+(-\S+\s+)*ganzoo(?![-\w/.])")
    assert [str(path.relative_to(ROOT)) for path in written() if wrong.search(path.read_text(errors="replace"))] == []


# Imports.


def test_imports_run_one_way():
    """The contracts in pyproject.toml, and the order that the design gives."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(contract for contract in config["contracts"] if contract["type"] == "layers")["layers"]
    height = {name.strip(): len(layers) - i for i, layer in enumerate(layers) for name in layer.split(":")}
    order = ["fields", "players", "turn", "rules", "registry", "engine", "cli"]
    assert [height[name] for name in order] == sorted({height[name] for name in order})
    assert height["rules"] < min(height["config"], height["compat"])
    assert max(height["config"], height["compat"]) < height["engine"]
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
