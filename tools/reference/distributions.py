"""The lists of our distributions that other tools read: type checker, import contracts, ``ganzoo-all``, the workflow of a release."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def lists(root: Path = ROOT) -> dict[str, str]:
    """File -> its text, with the lists in it as the folders under ``plugins/`` would have them.

    A plugin whose ``pyproject.toml`` says ``[tool.ganzoo] in-step = true`` is released with the core, and may import all of it.
    """
    projects = {path.parent.name: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(root.glob("plugins/*/pyproject.toml"))}
    plugins = {name: project for name, project in projects.items() if "entry-points" in project["project"]}
    modules = [name.replace("-", "_") for name in plugins]
    in_step = [name.replace("-", "_") for name, project in plugins.items() if _in_step(project)]
    outside = [module for module in modules if module not in in_step]
    own = (root / "pyproject.toml").read_text(encoding="utf-8")
    own = _replaced(own, r'mypy_path = "', '"', ":".join(f"plugins/{name}" for name in plugins))
    own = _replaced(own, r"root_packages = \[\n", "]", "".join(f'    "{module}",\n' for module in ["ganzoo", *modules]))
    own = _replaced(own, r'source_modules = \["ganzoo"\]\nforbidden_modules = \[', "]", _quoted(modules))
    own = _replaced(own, r'source_modules = \[(?!"ganzoo"\])', "]", _quoted(outside))
    own = _replaced(own, r'forbidden_modules = \["ganzoo\.\*", ', "]", _quoted(in_step))
    everything = (root / "plugins/ganzoo-all/pyproject.toml").read_text(encoding="utf-8")
    span = next(re.finditer(r'"ganzoo-core(>=[^"]*)"', everything))[1]
    wanted = ["ganzoo-core", *(name for name in projects if name != "ganzoo-all")]
    everything = _replaced(everything, r"dependencies = \[\n", "]", "".join(f'    "{name}{span}",\n' for name in wanted))
    release = (root / ".github/workflows/release.yml").read_text(encoding="utf-8")
    matrix = "".join(f"          - {name}\n" for name in ["ganzoo-core", *projects])
    release = _replaced(release, r"        distribution:\n", "    environment:", matrix)
    return {"pyproject.toml": own, "plugins/ganzoo-all/pyproject.toml": everything, ".github/workflows/release.yml": release}


def _in_step(project: dict[str, Any]) -> bool:
    return bool(project.get("tool", {}).get("ganzoo", {}).get("in-step"))


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _replaced(text: str, start: str, end: str, inner: str) -> str:
    """``text`` with ``inner`` between the first place that matches ``start`` and the next ``end``.

    Raises:
        ValueError: where there is no such place.
    """
    found = re.search(start, text)
    if not found:
        raise ValueError(f"nothing matches {start}")
    return text[: found.end()] + inner + text[text.index(end, found.end()) :]
