"""Names and versions of distributions, as package indexes compare them."""

from __future__ import annotations

import importlib.metadata
import re

from packaging.version import Version


def core_range() -> str:
    """The range of ``ganzoo-core`` that a plugin written today should ask for: ``>=0.1,<0.2``."""
    return compatible_range(importlib.metadata.version("ganzoo-core"))


def compatible_range(version: str) -> str:
    """From this minor version to below the next that may break: the next minor one before 1.0, the next major one after."""
    major, minor = (*Version(version).release, 0)[:2]
    return f">={major}.{minor},<0.{minor + 1}" if major == 0 else f">={major}.{minor},<{major + 1}"


def normalised(name: str) -> str:
    """A distribution's name as indexes compare it (PEP 503): ``Ganzoo_Tower`` and ``ganzoo-tower`` are one."""
    return re.sub(r"[-_.]+", "-", name).lower()
