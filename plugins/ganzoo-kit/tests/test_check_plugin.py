"""``ganzoo check DIR|WHEEL``: a plugin is met as a stranger meets it, and each fault is told with what to do about it."""

import copy
import itertools
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from ganzoo_kit import testing
from ganzoo_kit.authoring import check_plugin, combinations, examination, inside
from ganzoo_kit.authoring.environment import make_environment
from ganzoo_kit.authoring.finding import Finding
from ganzoo_kit.crossing import Crossing
from our_projects import PLUGINS
from plugin_wheels import DOOR, PARTS, UNFIT, make_wheel, project, refusal

from ganzoo.cli import invoke
from ganzoo.errors import UserError
from ganzoo.registry import Registry, reason
from ganzoo.ui.progress import LineReporter

ROOT = Path(__file__).parents[3]
COMBINED = {"ganzoo-core", "ganzoo-kit", "ganzoo-vanilla", "ganzoo-lsgan", "ganzoo-dcgan"}


# A sound plugin, from its folder.


@pytest.fixture
def few(monkeypatch):
    """Leaves in the clean environment a handful of components to be combined with, whatever is installed here."""
    others = {plugin.distribution for plugin in Registry.installed().plugins if plugin.gives} - COMBINED
    monkeypatch.setattr(examination, "make_environment", lambda folder, without: make_environment(folder, {*without, *others}))


@pytest.mark.usefixtures("few")
def test_a_folder_is_built_installed_apart_checked_and_combined(tmp_path, monkeypatch, capsys):
    folder = project(tmp_path / "mein Türmchen")
    before = set(folder.rglob("*"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(check_plugin, "choose_reporter", lambda quiet: LineReporter(sys.stderr))
    monkeypatch.setattr(examination, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + 600))  # however busy the machine is
    assert invoke(["check", folder.name, "--json"]) == 0, capsys.readouterr().err
    said = capsys.readouterr()
    assert re.search(r"^[0-9]+ checks, then what it fits: usually [0-9]+ to 60 seconds$", said.err, re.MULTILINE)
    assert re.search(r"^checking .* 100% .* [0-9]+ combinations$", said.err, re.MULTILINE)
    told = json.loads(said.out)
    assert (told["distribution"], told["version"]) == ("ganzoo-tower", "1.0")
    assert {row["status"] for row in told["outcomes"]} == {"ok"}
    assert {"entry_point", "requirements", "modules", "loads", "names", "pure"} <= {row["check"] for row in told["outcomes"]}
    tried = {(row["data"], row["parts"]): row for row in told["combinations"]}
    assert tried["ring", "mlp x mlp x least_squares + tower"]["fits"]
    assert not tried["ring", "dcgan x mlp x least_squares + tower"]["fits"]
    assert "serves images" in tried["ring", "dcgan x mlp x least_squares + tower"]["reason"]
    assert set(folder.rglob("*")) == before  # the build leaves nothing behind
    assert "ganzoo-tower" not in {plugin.distribution for plugin in Registry.installed().plugins}


def test_combinations_for_which_there_is_no_time_are_said_to_be_left_out(tmp_path):
    registry = copy.copy(Registry.installed())
    registry.components = [found for found in registry.components if found.name in ("mlp", "least_squares", "alternate", "ring")]
    (found,) = combinations.Combinations(registry, "ganzoo-lsgan", tmp_path, until=0.0).findings()
    assert (found.status, found.component) == ("unasked", "1 pairs of networks")


def test_before_each_combination_it_looks_at_the_clock_and_asks_only_for_those_of_the_plugin(tmp_path, monkeypatch):
    registry = copy.copy(Registry.installed())
    names = ("mlp", "least_squares", "hinge", "r1", "r2", "alternate", "ring", "adam")
    registry.components = [found for found in registry.components if found.name in names]
    ticks, asked, reason = itertools.count(), [], Crossing._reason
    monkeypatch.setattr(combinations, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    monkeypatch.setattr(Crossing, "_reason", lambda *given: asked.append([built.part.name for built in given[3:-1]]) or reason(*given))
    found = list(combinations.Combinations(registry, "ganzoo-lsgan", tmp_path, until=5.0).findings())  # of which 3 are for asking
    assert [(row.component, row.status) for row in found] == [
        ("mlp x mlp x least_squares", "fits"),
        ("mlp x mlp x least_squares + r1", "fits"),
        ("1 pairs of networks", "unasked"),
    ]
    assert asked == [["least_squares"], ["least_squares", "r1"], ["r1"]]


# What a project says of itself.


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "is a folder without a pyproject.toml; name a configuration (a YAML file), a plugin's folder or its wheel"),
        ("[project", "it is not TOML: "),
        ("[project]\nversion = '1'\n", "it names no project; add a name to its [project] table"),
        ("[project]\nname = 'ganzoo-tower'\n", "ganzoo-tower has no entry point in the group 'ganzoo', so it is not a plugin; add "),
    ],
)
def test_a_folder_that_is_no_plugins_project_is_told(text, said, tmp_path, capsys):
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text)
    assert said in refusal(["check", str(tmp_path)], capsys)


def test_a_project_that_does_not_build_says_why(tmp_path, capsys):
    folder = project(tmp_path / "tower")
    (folder / "pyproject.toml").write_text((folder / "pyproject.toml").read_text().replace('version = "1.0"', 'version = "one"'))
    said = refusal(["check", str(folder)], capsys)
    assert "ganzoo-tower cannot be built: " in said
    assert "repair the build: python -m build shows all of it" in said


def test_without_the_build_backend_and_a_network_it_says_what_to_install(tmp_path, capsys, monkeypatch):
    def no_network(*words):
        assert "--no-build-isolation" not in words
        raise UserError("pip wheel fails: ERROR: No matching distribution found for absent-backend")

    monkeypatch.setattr("ganzoo_kit.authoring.project.pip", no_network)
    folder = project(tmp_path / "tower")
    (folder / "pyproject.toml").write_text((folder / "pyproject.toml").read_text().replace("hatchling.build", "absent_backend.api"))
    said = refusal(["check", str(folder)], capsys)
    assert "No matching distribution found for absent-backend" in said
    assert "without a network, install its backend first (it wants absent_backend.api)" in said


def test_options_that_make_no_sense_are_refused(tmp_path, capsys):
    assert "--here: it is for plugins" in refusal(["check", "zoo.yaml", "--here"], capsys)
    assert "-o: a plugin has no configuration to override" in refusal(["check", str(tmp_path), "-o", "a=1"], capsys)
    folder = project(tmp_path / "tower")
    assert "ganzoo-tower is not installed in this environment; install it first" in refusal(["check", str(folder), "--here"], capsys)


# What shows once it is installed. One fault goes the whole way here, the others in the slow tests.

INSIDE = {
    "a misspelt hook": (
        {"entry_point": DOOR.replace("schedules", "scheduls")},
        "'ganzoo_scheduls' is not a hook; did you mean 'ganzoo_schedules'?",
    ),
    "a newer API": ({"entry_point": DOOR.replace("API = 1", "API = 99")}, "it needs API 99, this ganzoo-core gives 1; upgrade ganzoo-core"),
    "a hook that is not marked": (
        {"entry_point": DOOR.replace("@hookimpl", "")},
        "the hook 'ganzoo_schedules' is not marked, so nothing calls it; put @hookimpl over it",
    ),
    "nothing in it": (
        {"entry_point": "GANZOO_API = 1"},
        "ganzoo_tower gives no component, and no recipe comes with it; write a hook there, such as ganzoo_losses",
    ),
    "an entry point that cannot be imported": (
        {"entry_point": "import no_such_module\n" + DOOR},
        "No module named 'no_such_module'; import only ganzoo in this module, and the rest in those of the classes",
    ),
    "an entry point that Python cannot read": (
        {"entry_point": DOOR + "def broken(:\n"},
        "(__init__.py, line 7); repair it there: Python cannot read that file",
    ),
    "a heavy entry point": (
        {"entry_point": "import torch\n" + DOOR},
        "listing what ganzoo_tower gives imports torch; give 'module:Class' in place of classes",
    ),
    "a name that is taken": (
        {"entry_point": DOOR.replace('"tower":', '"alternate":')},
        "ganzoo-core gives a schedule named 'alternate' too; rename it, or every configuration must say 'ganzoo-tower/alternate'",
    ),
    "a positional parameter": (
        {"parts": PARTS.replace("*, critic", "critic")},
        "takes 'critic_updates=1'; make it keyword-only and annotated",
    ),
    "a method that fails": (
        {"parts": PARTS.replace("critic_updates=self.critic_updates", "critic_updates=self.updates")},
        "parts.py:17 raises AttributeError: 'Tower' object has no attribute 'updates'; repair it, or refuse in the constructor",
    ),
    "a recipe that does not fit": (
        {"more": {"ganzoo_tower/recipes/unfit.yaml": UNFIT}},
        "recipe unfit: trains: ganzoo_tower/recipes/unfit.yaml: its parts do not fit: loss.1: loss 'gradient_penalty' needs each score",
    ),
    "a recipe that names what is not there": (
        {"more": {"ganzoo_tower/recipes/unfit.yaml": UNFIT.replace("non_saturating", "non_saturatng")}},
        "ganzoo_tower/recipes/unfit.yaml:4: loss.0: 'non_saturatng' is not an installed loss; did you mean 'non_saturating'?",
    ),
    "a component that ends the process": ({"parts": "import os\nos._exit(7)\n"}, "the examination itself ended with code 7"),
    "a module that is not shipped": ({"entry_point": DOOR.replace(".parts", ".part")}, "No module named 'ganzoo_tower.part'"),
}


@pytest.mark.parametrize(
    "fault", [fault if fault == "a misspelt hook" else pytest.param(fault, marks=pytest.mark.slow) for fault in INSIDE]
)
def test_a_fault_that_shows_once_it_is_installed_is_told(fault, tmp_path, capsys):
    changes, reason = INSIDE[fault]
    said = refusal(["check", str(make_wheel(tmp_path, **changes)), "-q"], capsys)
    assert reason in said


@pytest.mark.parametrize("entry_point", ["def broken(:\n", "if True:\npass\n", "if True:\n        pass\n\tpass\n"])
def test_an_entry_point_that_python_cannot_read_is_not_told_to_import_less(entry_point):
    with pytest.raises(SyntaxError) as caught:
        compile(entry_point, "__init__.py", "exec")
    assert inside.remedy_for(reason(caught.value)) == "; repair it there: Python cannot read that file"


@pytest.mark.parametrize(("status", "failed"), [("misfit", 1), ("fits", 0)])
def test_a_plugin_that_fits_nothing_is_not_green(status, failed, monkeypatch):
    found = [Finding("tower x mlp x hinge", "ring", "misfit", "it serves images"), Finding("tower x mlp x wasserstein", "ring", status)]
    monkeypatch.setattr(testing, "distribution_cases", lambda distribution: [])
    monkeypatch.setattr(combinations, "Combinations", lambda *given: SimpleNamespace(findings=lambda: iter(found)))
    said = [finding for finding in inside._try_all(Registry([]), "ganzoo-tower", 0.0) if isinstance(finding, Finding)]
    assert [finding.status for finding in said].count("failed") == failed
    assert not failed or "none of 2 combinations with what is installed fits" in said[-1].reason


def test_a_failure_is_told_once(capsys):
    reasons = [f"on digits: parts.py:7 raises ValueError: ({n}, 3); repair it" for n in (2, 4)]
    findings = [Finding("critic tower", check, "failed", text) for check, text in zip(("outputs", "raw"), reasons, strict=True)]
    elsewhere = reasons[0].replace("py:7", "py:31")  # another line: another fault
    findings += [Finding("critic spire", "raw", "failed", reasons[0]), Finding("critic tower", "engine", "failed", elsewhere)]
    assert [text for _, text in check_plugin._told_once(findings)] == [
        f"FAILED: {reasons[0]}",
        "FAILED: as in 'outputs'",
        f"FAILED: {reasons[0]}",
        f"FAILED: {elsewhere}",
    ]


@pytest.mark.slow
def test_what_is_checked_is_the_wheel_and_not_the_sources(tmp_path):
    """A module that the build leaves out is missed, though it lies in the project's folder and that is installed editable."""
    folder = project(tmp_path / "tower")
    environment = make_environment(tmp_path / "author", without=[])
    words = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        environment.python,
        "install",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-e",
        folder,
    ]
    subprocess.run(words, check=True)
    with (folder / "pyproject.toml").open("a") as file:
        file.write('exclude = ["parts.py"]\n')
    done = subprocess.run(
        [environment.python, "-m", "ganzoo", "check", folder, "-q"], env=dict(environment.variables()), capture_output=True, text=True
    )
    assert done.returncode == 2, done.stdout
    assert "No module named 'ganzoo_tower.parts'" in done.stderr
    listed = subprocess.run(
        [environment.python, "-m", "ganzoo", "plugins"], env=dict(environment.variables()), capture_output=True, text=True
    )
    assert "schedule tower" in listed.stdout  # there, it is installed from its sources


@pytest.mark.slow
@pytest.mark.parametrize("plugin", PLUGINS)
def test_our_own_plugins_pass(plugin, capsys):
    assert invoke(["check", str(ROOT / "plugins" / plugin), "--json"]) == 0, capsys.readouterr().err
