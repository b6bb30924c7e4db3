"""A plugin's project folder: what its pyproject.toml says, and the wheel that it builds."""

from __future__ import annotations

import importlib.util
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.errors import UserError
from ganzoo.registry import GROUP

from .environment import pip


@dataclass(frozen=True)
class Project:
    """A folder with a pyproject.toml that makes a plugin.

    Args:
        folder: where it lies.
        name: the distribution.
        backend: the module that builds it: ``hatchling.build``.
    """

    folder: Path
    name: str
    backend: str

    def build(self, into: Path) -> Path:
        """Build its wheel in the folder ``into``: without a network where the build backend is installed here.

        Raises:
            UserError: where it does not build.
        """
        isolation = ["--no-build-isolation", "--no-index"] if _is_here(self.backend) else []
        try:
            pip("wheel", "--no-deps", *isolation, "--wheel-dir", str(into), str(self.folder.absolute()))  # a bare name is a package to pip
        except UserError as error:
            remedy = "repair the build: python -m build shows all of it"
            if not isolation:
                remedy += f"; without a network, install its backend first (it wants {self.backend})"
            raise UserError(f"{self.name} cannot be built: {error}", remedy, where=str(self.folder)) from error
        return next(into.glob("*.whl"))


def read_project(folder: Path) -> Project:
    """The project in ``folder``.

    Raises:
        UserError: where there is none, or it is not a plugin's.
    """
    path = folder / "pyproject.toml"
    try:
        tree: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        remedy = "name a configuration (a YAML file), a plugin's folder or its wheel"
        raise UserError(f"{folder} is a folder without a pyproject.toml", remedy, key="CONFIG") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"it is not TOML: {error}", "repair it", where=str(path)) from error
    project = tree.get("project", {})
    name = project.get("name")
    if not isinstance(name, str):
        raise UserError("it names no project", "add a name to its [project] table", where=str(path))
    if GROUP not in project.get("entry-points", {}) and "entry-points" not in project.get("dynamic", ()):
        remedy = f'add [project.entry-points.{GROUP}] with a line such as mine = "my_module"'
        raise UserError(f"{name} has no entry point in the group '{GROUP}', so it is not a plugin", remedy, where=str(path))
    backend = tree.get("build-system", {}).get("build-backend", "setuptools.build_meta")
    return Project(folder, name, str(backend))


def _is_here(backend: str) -> bool:
    try:
        return importlib.util.find_spec(backend.partition(":")[0]) is not None
    except (ImportError, ValueError):
        return False
