"""What a machine without a package index lacks: collected here, installed there into a folder of its own."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".gpu-wheels"
PYTHON = "3.12"
"""Of the machine with the GPU."""
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux1_x86_64")
MOST_BYTES = 40e6
NEEDED = ("pydantic", "pydantic-core", "annotated-types", "typing-inspection", "typing-extensions")
"""Installed always, since pydantic asks for one version of its core."""
SPARE: Mapping[str, str] = {
    "pluggy": "pluggy",
    "pyyaml": "yaml",
    "typer": "typer",
    "annotated-doc": "annotated_doc",
    "shellingham": "shellingham",
    "rich": "rich",
    "markdown-it-py": "markdown_it",
    "mdurl": "mdurl",
    "pygments": "pygments",
    "safetensors": "safetensors",
    "pillow": "PIL",
    "jinja2": "jinja2",
    "markupsafe": "markupsafe",
    "packaging": "packaging",
    "pytest": "pytest",
    "iniconfig": "iniconfig",
}
"""Distribution to module: installed where the machine lacks them, or has them too old for the core."""


def collect(folder: Path) -> int:
    """Build the core's and the plugins' wheels into ``folder``, and download the others in the versions of this environment.

    Returns:
        The exit code.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.whl"):
        old.unlink()
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    projects = [str(path.parent) for path in sorted(ROOT.glob("plugins/*/pyproject.toml"))]
    target = ["--only-binary=:all:", "--python-version", PYTHON, "--implementation", "cp"]
    target += [part for name in PLATFORMS for part in ("--platform", name)]
    wanted = [f"{name}=={version(name)}" for name in (*NEEDED, *SPARE)]
    for command in (
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT), *projects],
        [*pip, "download", "--no-deps", *target, "--dest", str(folder), *wanted],
    ):
        if code := subprocess.run(command, check=False).returncode:
            return code
    found = sorted(folder.glob("*.whl"))
    size = sum(path.stat().st_size for path in found)
    print(f"{len(found)} wheels, {size / 1e6:.1f} MB, in {folder}")
    if size > MOST_BYTES:
        print(f"gpu_check: error: they may hold {MOST_BYTES / 1e6:.0f} MB at most", file=sys.stderr)
        return 1
    return 0


def installed() -> bool:
    """Whether this Python finds ganzoo and its plugins without help."""
    return importlib.util.find_spec("pydantic") is not None and len(entry_points(group="ganzoo")) > 1


def install(folder: Path, target: Path) -> None:
    """Install what is lacking from ``folder`` into ``target``.

    Raises:
        SystemExit: where ``folder`` holds nothing, or pip fails.
    """
    wheels = sorted(folder.glob("*.whl"))
    if not wheels:
        raise SystemExit(f"gpu_check: error: {folder} holds no wheels; collect them with --wheels where there is a package index")
    chosen = [str(path) for path in wheels if lacking(path.name.split("-")[0].lower().replace("_", "-"))]
    options = ["-q", "--no-index", "--no-deps", "--no-compile", "--no-cache-dir", "--disable-pip-version-check"]
    done = subprocess.run([sys.executable, "-m", "pip", "install", *options, "--target", str(target), *chosen], check=False)
    if done.returncode:
        raise SystemExit(f"gpu_check: error: pip cannot install the wheels of {folder}")
    print(f"installed for this command: {', '.join(Path(path).name.split('-')[0] for path in chosen)}", flush=True)


def lacking(name: str) -> bool:
    """Whether the distribution ``name`` is to be installed."""
    if name not in SPARE:
        return True
    return importlib.util.find_spec(SPARE[name]) is None or too_old(name)


def too_old(name: str) -> bool:
    """Whether the machine's ``name`` is older than the core asks for."""
    if importlib.util.find_spec("packaging") is None:
        return True
    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    asked = {r.name.lower(): r.specifier for r in map(Requirement, groups)}
    try:
        return name in asked and not asked[name].contains(version(name), prereleases=True)
    except PackageNotFoundError:
        return True


def environment(target: Path, work: Path) -> dict[str, str]:
    """Of the stages: the source tree first, then what ``install`` made, which tells Python of the plugins."""
    folders = [
        ROOT,
        *(path.parent for path in sorted(ROOT.glob("plugins/*/pyproject.toml"))),
        ROOT / "tools",
        ROOT / "tests" / "helpers",
        target,
    ]
    before = [os.environ["PYTHONPATH"]] if os.environ.get("PYTHONPATH") else []
    return os.environ | {
        "PYTHONPATH": os.pathsep.join([*map(str, folders), *before]),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "GANZOO_CACHE": str(work / "cache"),
        "TMPDIR": str(work),
    }
