"""The files of a run directory, read. It may have been killed mid-line or come from somebody else: nothing in it is trusted."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any

from ganzoo.config.strict_yaml import parse
from ganzoo.errors import UserError

from .lines import RECORD

CONFIG, RECIPE, ENVIRONMENT = "config.yaml", "recipe.yaml", "env.json"
SAMPLES, CHECKPOINTS, WEIGHTS = "samples", "checkpoints", "weights"
GENERATOR = f"{WEIGHTS}/generator.safetensors"
RUN_FILES = (CONFIG, ENVIRONMENT, RECORD, SAMPLES, CHECKPOINTS, WEIGHTS)
"""What makes a folder a run directory."""


def is_folder(path: Path) -> bool:
    """Whether there is a folder; what may not be looked at is none here, and ``check_run`` says why."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def check_run(directory: Path, made_by: str = "'ganzoo run'") -> None:
    """Refuse what is not a run directory.

    Args:
        directory: the folder.
        made_by: the commands that make such folders.

    Raises:
        UserError: naming the nearest folder that is one.
    """
    try:
        if (directory / CONFIG).is_file():
            return
        if directory.is_file():
            remedy = f"name a folder that {made_by} made; of an ONNX export 'ganzoo sample FILE --from PICTURES' translates pictures"
            raise UserError(f"{directory} is a file, not a run directory", remedy, key="RUN")
        what = f"{directory} is not a run directory (it has no {CONFIG})" if directory.is_dir() else f"there is no folder {directory}"
    except (OSError, ValueError) as error:  # a name that is too long or holds NUL, a folder that may not be entered
        raise UserError(f"the folder {directory} cannot be read: {error}", "check its name and permissions", key="RUN") from None
    near = difflib.get_close_matches(directory.name, (path.parent.name for path in directory.parent.glob(f"*/{CONFIG}")), n=1)
    raise UserError(what, f"did you mean '{directory.parent / near[0]}'?" if near else f"name a folder that {made_by} made", key="RUN")


def file_in(directory: Path, name: str) -> Path | None:
    """The file ``name`` of ``directory``; None where there is none, or where a link leads out of the directory."""
    path = directory / name
    try:
        return path if path.is_file() and path.resolve().is_relative_to(directory.resolve()) else None
    except OSError:
        return None


def read_text(directory: Path, name: str, limit: int = 1_000_000) -> str:
    """At most ``limit`` bytes of a text file of the run; "" where it cannot be read."""
    path = file_in(directory, name)
    if path is None:
        return ""
    try:
        with path.open("rb") as file:
            return file.read(limit).decode("utf-8", "replace")
    except OSError:
        return ""


def read_json(directory: Path, name: str) -> dict[str, Any]:
    """A JSON object of the run; {} where it cannot be read."""
    try:
        content = json.loads(read_text(directory, name) or "{}")
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def read_yaml(directory: Path, name: str) -> dict[str, Any]:
    """A YAML mapping of the run; {} where it is missing or not valid."""
    try:
        value = parse(read_text(directory, name), name).value
    except UserError:
        return {}
    return value if isinstance(value, dict) else {}


def read_environment(path: Path) -> dict[str, Any]:
    """A run's ``env.json``, written when it was first started.

    Raises:
        UserError: where it is missing or damaged.
    """
    try:
        content: dict[str, Any] = json.loads((path / ENVIRONMENT).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        what = f"{path} is not a run directory (its {ENVIRONMENT} cannot be read: {error})"
        raise UserError(what, "name a folder that 'ganzoo run' made") from error
    return content


def sample_file(step: int) -> str:
    """The sample grid of a step, in the run directory."""
    return f"{SAMPLES}/step-{step:08d}.png"
