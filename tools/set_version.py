"""Sets the version of everything that is released together: the core, every plugin under ``plugins/``, and what names them.

    .venv/bin/python tools/set_version.py 0.2.0

One number for all: whoever reads that two distributions are of version 0.2.0 knows that they were tested together. It writes
``pyproject.toml`` of each project with the ranges by which they require each other, ``CITATION.cff``, and a heading in
``CHANGELOG.md`` where there is none. ``tools/release-check`` refuses whatever is not in step.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from ganzoo_kit.authoring.names import compatible_range
from packaging.version import InvalidVersion, Version

from ganzoo import API_VERSION

ROOT = Path(__file__).resolve().parents[1]


def projects(root: Path = ROOT) -> list[Path]:
    """The folders that are released, the core's first."""
    return [root, *sorted(path.parent for path in root.glob("plugins/*/pyproject.toml"))]


def wanted(path: Path, version: str) -> str:
    """What a file of the repository should say for this version."""
    text = path.read_text(encoding="utf-8")
    if path.name == "pyproject.toml":
        text = re.sub(r'^version = ".*"$', f'version = "{version}"', text, count=1, flags=re.MULTILINE)
        return re.sub(r'"(ganzoo-[a-z-]+)(>=[^"]*)"', rf'"\1{compatible_range(version)}"', text)
    if path.name == "CITATION.cff":
        return re.sub(r"^version: .*$", f"version: {version}", text, count=1, flags=re.MULTILINE)
    if re.search(rf"^## {re.escape(version)} ", text, re.MULTILINE):
        return text
    before, heading, rest = text.partition("\n## ")
    return f"{before}\n## {version} - unreleased\n\n- Interfaces for plugins: API {API_VERSION}.\n{heading}{rest}"


def files(root: Path = ROOT) -> list[Path]:
    """Every file that names the version."""
    return [*(project / "pyproject.toml" for project in projects(root)), root / "CITATION.cff", root / "CHANGELOG.md"]


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Write the version into every file that names it, and say which changed."""
    try:
        (version,) = arguments
        version = str(Version(version))
    except (ValueError, InvalidVersion):
        print("set_version: error: give one version, such as 0.2.0", file=sys.stderr)
        return 2
    for path in files(root):
        text = wanted(path, version)
        if text != path.read_text(encoding="utf-8"):
            path.write_text(text, encoding="utf-8")
            print(f"{path.relative_to(root)}: written", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
