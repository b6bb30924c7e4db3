"""Whether every file says the version that is to be released."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import set_version


def version_of(root: Path = set_version.ROOT) -> str:
    """The core's version, which is everybody's."""
    return str(tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def out_of_step(root: Path = set_version.ROOT) -> list[str]:
    """The files that name another version, or other ranges, than the core's own."""
    version = version_of(root)
    wrong = [path for path in set_version.files(root) if set_version.wanted(path, version) != path.read_text(encoding="utf-8")]
    return [f"{path.relative_to(root)} is not in step with {version}; run tools/set_version.py {version}" for path in wrong]


def unready(tag: str, root: Path = set_version.ROOT) -> list[str]:
    """Why ``tag`` may not be published: it is another version's, or the changelog has no date for this one."""
    version = version_of(root)
    if tag != f"v{version}":
        return [f"the tag {tag} is not that of version {version}; run tools/set_version.py, commit, and tag that"]
    if not re.search(rf"^## {re.escape(version)} - \d{{4}}-\d\d-\d\d$", (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE):
        return [f"CHANGELOG.md does not say when {version} was released; put the date beside it, commit, and tag that"]
    return []
