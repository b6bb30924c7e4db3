"""The distributions of this repository."""

import tomllib

from written import ROOT

PROJECTS = {
    path.parent.name: tomllib.loads(path.read_text(encoding="utf-8"))["project"] for path in sorted(ROOT.glob("plugins/*/pyproject.toml"))
}
"""Name -> its ``[project]`` table, the core's left out."""
PLUGINS = {name: project for name, project in PROJECTS.items() if "ganzoo" in project.get("entry-points", {})}
"""Those with an entry point: they give components."""
COLLECTIONS = {name: project for name, project in PROJECTS.items() if name not in PLUGINS}
"""Those without one: they hold no code, and only depend on others."""
