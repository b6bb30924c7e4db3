"""The index of our distributions: which gives a name that is not installed.

``index.json`` is data, written by ``tools/write_docs.py`` from the projects under ``plugins/``; it is read only to explain an error.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from ganzoo.errors import UserError

from .one_file import choice

FILE = Path(__file__).with_name("index.json")
MOVED = {("ganzoo-core", "dataset"): "ganzoo-data", ("ganzoo-core", "metric"): "ganzoo-metrics"}
"""(distribution, kind) -> the distribution that its components moved to. Older run directories name them as they were."""


def missing_part(kind: str, name: str, installed: Collection[str]) -> UserError | None:
    """The error for a name that a distribution of ours gives which is not installed; None where it is unknown, or installed.

    Args:
        kind: of component, or "extractor"; "": any.
        name: ``name`` or ``distribution/name``.
        installed: distributions.
    """
    components: dict[str, str] = _read()["components"]
    owner, _, plain = current_name(kind, name).rpartition("/")
    for key, distribution in components.items():
        known_kind, _, known = key.partition("/")
        if known == plain and kind in ("", known_kind) and owner in ("", distribution) and distribution not in installed:
            return _missing(f"the {known_kind} '{plain}' is part of {distribution}, which is not installed", [distribution])
    return None


def missing_recipe(qualified: str, installed: Collection[str]) -> UserError | None:
    """The error for a recipe of a distribution of ours that is not installed, with all it needs; None as ``missing_part``."""
    recipes: dict[str, list[str]] = _read()["recipes"]
    owner = qualified.partition(":")[0]
    if qualified not in recipes or owner in installed:
        return None
    absent = [distribution for distribution in recipes[qualified] if distribution not in installed]
    return _missing(f"the recipe '{qualified}' is part of {owner}, which is not installed", absent)


def import_part(module: str, what: str) -> ModuleType:
    """A module of another distribution of ours, released in step with the core.

    Args:
        module: ``ganzoo_data.cache``.
        what: it is, for the message.

    Raises:
        UserError: where the distribution is not installed.
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
    distribution = package.replace("_", "-")
    raise _missing(f"{what} is part of {distribution}, which is not installed", [distribution])


def current_name(kind: str, name: str) -> str:
    """A qualified name of today for one of then: ``ganzoo-core/fid`` -> ``ganzoo-metrics/fid``; ``name`` where nothing moved."""
    distribution, slash, plain = name.rpartition("/")
    moved = MOVED.get((distribution, kind))
    return f"{moved}/{plain}" if moved and slash and _read()["components"].get(f"{kind}/{plain}") == moved else name


def current_versions(versions: Mapping[str, str]) -> dict[str, str]:
    """Versions of distributions as a run recorded them, with those that its components have moved to since."""
    return {now: versions[then] for (then, _), now in MOVED.items() if then in versions} | dict(versions)


def _missing(what: str, distributions: Collection[str]) -> UserError:
    left_out = "".join(f", or leave -p no:{name} out" for name in choice().without)
    return UserError(what, f"pip install {' '.join(distributions)}{left_out}")


@cache
def _read() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found
