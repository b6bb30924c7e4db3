"""The reference pages say all there is, and nothing that is not: compared with the code itself."""

import dataclasses
import inspect
import json
import re
import tomllib
from pathlib import Path

import pytest

import ganzoo
import ganzoo.data
import ganzoo.metrics
from ganzoo import hookspecs
from ganzoo.cli import invoke
from ganzoo.config import strict_yaml
from ganzoo.registry import Registry

ROOT = Path(__file__).parents[2]
INTERFACES = (ROOT / "docs/reference/interfaces.md").read_text(encoding="utf-8")
HOOKS = (ROOT / "docs/reference/hooks.md").read_text(encoding="utf-8")
RUN_DIRECTORY = (ROOT / "docs/reference/run-directory.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def section(text, heading):
    """What stands under a heading, up to the next one."""
    found = re.search(
        rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE | re.DOTALL
    )
    assert found, heading
    return found[1]


def first_cells(text):
    """What the first column of a section's tables names."""
    return {name for cell in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE) for name in re.findall(r"`([^`]+)`", cell)}


def called(name, function, skip=0):
    return f"{name}({', '.join(list(inspect.signature(function).parameters)[skip:])})"


@pytest.mark.parametrize("name", ["DataSpec", "Generator", "Critic", "Turn", "Loss", "Schedule", "Plan", "Dataset"])
def test_every_member_of_an_interface_is_documented_with_its_arguments(name):
    cls = getattr(ganzoo, name)
    members = {field.name for field in dataclasses.fields(cls)} if dataclasses.is_dataclass(cls) else set()
    members |= set(inspect.get_annotations(cls))
    for key, value in vars(cls).items():
        function = getattr(value, "__func__", value)
        if inspect.isfunction(function):
            key = called(key, function, skip=1)
        if key not in members and key != "forward":
            members.add(key)
    if name == "Turn":
        members |= {"side", "drawn", "route", "keep"}  # set by the constructor
    assert first_cells(section(INTERFACES, name)) == {member for member in members if not member.startswith("_")}


def test_each_word_of_the_interfaces_has_its_standard_term_once():
    table = section((ROOT / "docs/reference/fields.md").read_text(encoding="utf-8"), "Words of the interfaces")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("| `")]
    words = [word for row in rows for word in re.findall(r"`(\w+)`", row[0])]
    assert len(words) == len(set(words)) > 25
    assert [row for row in rows if len(row) != 3 or not all(row)] == []
    code = "".join(
        (ROOT / f"ganzoo/{name}.py").read_text(encoding="utf-8") for name in ("fields", "players", "turn", "rules", "config/settings")
    )
    assert [word for word in words if not re.search(rf"\b{word}\b", code, re.IGNORECASE)] == []


def test_every_hook_is_documented_with_its_exact_arguments():
    hooks = {key: value for key, value in vars(hookspecs).items() if hasattr(value, "ganzoo_spec")}
    told = section(HOOKS, "Hooks that tell")
    assert first_cells(section(HOOKS, "Hooks that give") + told) == {called(key, value) for key, value in hooks.items()}
    rows = dict(re.findall(r"^\| `(\w+)\(.*?\)` \| (.*) \|$", told, re.MULTILINE))
    assert len(rows) >= 6
    for key, row in rows.items():
        assert re.findall(r"`(\w+)`: \S", row) == list(inspect.signature(hooks[key]).parameters)


def test_every_public_name_is_documented():
    names = [*ganzoo.__all__, *ganzoo.data.__all__, *ganzoo.metrics.__all__]
    assert [name for name in names if not re.search(rf"\b{name}\b", INTERFACES + HOOKS)] == []


def test_every_command_is_named_in_readme_or_docs():
    shown = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")))
    commands = set(Registry.installed().command_words())
    assert {name for name in commands if f"ganzoo {name}" not in shown} == set()


def test_the_run_directory_is_as_documented(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    config = tmp_path / "small.yaml"
    config.write_text("data: digits\ngenerator: {name: mlp, hidden: [4]}\ncritic: {name: mlp, hidden: [4]}\nloss: wasserstein\n")
    settings = ["train.steps=4", "train.threads=1", "train.batch_size=4", "log.every=2", "sample.count=4"]
    settings.append("metrics=[{name: classifier_fid, samples: 200, real_samples: 200}]")
    assert invoke(["run", str(config), "--out", str(tmp_path / "run"), "-q", *(word for text in settings for word in ("-o", text))]) == 0
    found = {
        re.sub(r"step-\d+", "step-*", str(path.relative_to(tmp_path / "run"))) for path in (tmp_path / "run").rglob("*") if path.is_file()
    }
    assert first_cells(RUN_DIRECTORY.partition("## ")[0]) == found

    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    rows = re.findall(r"^\| (`[a-z`, ]+`) \| (.*?) \| .* \|$", section(RUN_DIRECTORY, "`metrics.jsonl`"), re.MULTILINE)
    keys = {event: set(re.findall(r"`(\w+)`", cell)) for events, cell in rows for event in re.findall(r"`(\w+)`", events)}
    assert {line["event"] for line in lines} == keys.keys() - {"stopped", "failed", "warning"}
    for line in lines:
        assert {key for key in line if "/" not in key} - {"event"} == keys[line["event"]]
    means = first_cells(section(RUN_DIRECTORY, "`metrics.jsonl`"))
    logged = {key for line in lines for key in line if "/" in key}
    known = {key for key in logged if key in means or key.endswith(("/adversarial", "_estimate"))}
    assert logged == known


def test_contributing_fits_on_a_page():
    assert len(CONTRIBUTING.splitlines()) <= 80
    assert len(CONTRIBUTING.split()) <= 900


def test_contributing_names_paths_that_exist():
    """And the places in the loop that its map points to."""
    named = set(re.findall(r"`([\w./-]*[\w-]/[\w./-]*|[\w-]+\.(?:md|py|toml))`", CONTRIBUTING)) - {"__init__.py"}
    assert len(named) > 25
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
    for name, path in re.findall(r"`(\w+\.\w+)` in `([\w/.]+\.py)`", CONTRIBUTING):
        source = (ROOT / path).read_text(encoding="utf-8")
        assert f"class {name.partition('.')[0]}" in source
        assert f"def {name.partition('.')[2]}(" in source


def test_backward_is_where_contributing_says():
    callers = [path for path in (ROOT / "ganzoo").rglob("*.py") if re.search(r"\.backward\(\)", path.read_text(encoding="utf-8"))]
    assert callers == [ROOT / "ganzoo/engine/loop.py"]


def test_contributing_says_what_to_touch_for_each_kind():
    cells = " ".join(re.findall(r"^\| ([\w, ]+) \| ", CONTRIBUTING, re.MULTILINE))
    assert [kind for kind in (*hookspecs.KINDS, "recipe", "command") if kind not in cells] == []


def test_citation_and_changelog_are_of_this_version():
    citation = strict_yaml.read(ROOT / "CITATION.cff").value
    assert citation["version"] == VERSION
    assert citation["cff-version"] == "1.2.0"
    assert re.search(rf"^## {re.escape(VERSION)} ", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
