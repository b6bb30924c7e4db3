"""What is installed: components, plugins, metrics, and the fields that pass between them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from ganzoo.fields import forward_inputs
from ganzoo.hookspecs import KINDS
from ganzoo.registry import Component, Registry

from .markdown import body, first_line, linked, parameters_table, sentence, table

ROOT = Path(__file__).resolve().parents[2]
CORE = "ganzoo-core"


@cache
def projects() -> dict[str, dict[str, Any]]:
    """The plugins of this repository: name to the ``[project]`` table of each."""
    found = (tomllib.loads(path.read_text(encoding="utf-8"))["project"] for path in sorted(ROOT.glob("plugins/*/pyproject.toml")))
    return {project["name"]: project for project in found}


def own_components(kinds: Iterable[str] = KINDS) -> list[Component]:
    """Those of this repository; a reader's own plugins are nothing for its documentation."""
    registry = Registry.installed()
    return [c for kind in kinds for c in registry.of_kind(kind) if c.distribution == CORE or c.distribution in projects()]


def components() -> str:
    """Name, kinds, distribution and paper, a row for each name of a distribution."""
    found: dict[tuple[str, str], list[Component]] = {}
    for component in own_components():
        found.setdefault((component.name, component.distribution), []).append(component)
    rows = []
    for (name, distribution), same in found.items():
        cls = same[0].load()
        source = getattr(cls, "paper", "").partition(";")[0] or getattr(cls, "source", "")
        rows.append((f"`{name}`", ", ".join(c.kind for c in same), distribution, linked(source)))
    return table(("name", "kind", "distribution", "paper or source"), rows)


def core_components() -> str:
    """A table for each data set and each component of the core but metrics and optimizers, told of elsewhere; plugins have READMEs."""
    return parameters_of(kind for kind in KINDS if kind not in ("metric", "optimizer"))


def optimizers() -> str:
    """A table for each optimizer of the core."""
    return parameters_of(["optimizer"])


def parameters_of(kinds: Iterable[str]) -> str:
    """A table for each component of the core, and each data set."""
    blocks = []
    for component in own_components(kinds):
        if component.distribution == CORE or component.kind == "dataset":
            cls: Any = component.load()
            blocks.append(f"### {component.kind} `{component.name}`\n\n{first_line(cls)}\n\n{parameters_table(cls)}")
    return "\n".join(blocks)


def metrics() -> str:
    """A section for each metric: what it says, where it comes from, its parameters."""
    blocks = []
    for component in own_components(("metric",)):
        cls: Any = component.load()
        blocks.append(f"## `{component.name}`\n\n{body(cls)}\n\nSource: {sentence(linked(cls.paper))}\n\n{parameters_table(cls)}")
    return "\n".join(blocks)


def fields() -> str:
    """Which component takes and gives which field."""
    rows = []
    for component in own_components(("generator", "critic")):
        cls: Any = component.load()
        rows.append((f"{component.kind} `{component.name}`", _codes(forward_inputs(cls)), _codes(sorted(cls.gives))))
    for component in own_components(("loss",)):
        loss: Any = component.load()
        rows.append((f"loss `{component.name}`", _codes(sorted(loss.reads | loss.scores)), "terms"))
    return table(("component", "asks for", "gives"), rows)


def catalogue() -> str:
    """The plugins of this repository, a row each."""
    rows = []
    for name, project in projects().items():
        own = [component for component in own_components() if component.distribution == name]
        kinds = {kind: [f"`{c.name}`" for c in own if c.kind == kind] for kind in KINDS}
        gives = "; ".join(f"{kind} {', '.join(names)}" for kind, names in kinds.items() if names)
        rows.append((f"[{name}](plugins/{name}.md)", project["description"], gives or "all of these", project["license"]))
    return table(("plugin", "what it is", "gives", "licence"), rows)


def plugin_page(name: str) -> str:
    """A plugin's README as a page; where its pictures lie is told from the page."""
    pictures = ":relative-images:\n" if "![" in (ROOT / "plugins" / name / "README.md").read_text(encoding="utf-8") else ""
    return f"```{{include}} ../../plugins/{name}/README.md\n{pictures}```\n"


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "-"
