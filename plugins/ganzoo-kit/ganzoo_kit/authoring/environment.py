"""A clean environment: a Python of its own that sees what is installed here, except for chosen distributions.

Downloading torch again for every check would take minutes, so the packages of this environment are lent by symbolic links,
one for each entry of its site folders. What belongs to an excluded distribution is left out, an editable installation's
way to its sources too: what is then imported comes from the wheel that is installed instead.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import venv
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganzoo.errors import GanzooError, UserError

from .names import normalised


@dataclass(frozen=True)
class Environment:
    """A virtual environment in ``folder``."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    def install(self, wheel: Path) -> None:
        """Install a wheel, without its requirements: those are lent.

        Raises:
            UserError: where pip refuses it.
        """
        pip("--python", str(self.python), "install", "--no-deps", "--no-index", str(wheel))

    def variables(self) -> Mapping[str, str]:
        """The variables of the environment that a command in it gets: nothing that leads to other packages."""
        leading = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONSTARTUP", "GANZOO_PLUGINS"}
        return {name: value for name, value in os.environ.items() if name not in leading} | {"PYTHONNOUSERSITE": "1"}


def make_environment(folder: Path, without: Collection[str]) -> Environment:
    """Make a virtual environment in ``folder`` that is lent the packages of this one.

    Args:
        folder: where; it is made.
        without: distributions that it does not see.

    Raises:
        GanzooError: where it cannot be made.
    """
    lent = folder / "lent"
    hidden = {normalised(name) for name in without}
    try:
        venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
        lent.mkdir()
        for site in site_folders():
            _lend(site, lent, hidden)
        environment = Environment(folder)
        (_purelib(folder) / "lent.pth").write_text(f"import site; site.addsitedir({str(lent)!r})\n", encoding="utf-8")
    except (OSError, subprocess.CalledProcessError) as error:
        raise GanzooError(f"cannot make a clean environment in {folder}: {error}") from error
    return environment


def site_folders() -> list[Path]:
    """The folders of ``sys.path`` that hold installed distributions, in order."""
    found = (Path(place) for place in dict.fromkeys(sys.path) if place)
    return [place for place in found if place.is_dir() and any(place.glob("*.dist-info"))]


def _purelib(folder: Path) -> Path:
    return folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


def _lend(site: Path, lent: Path, hidden: Collection[str]) -> None:
    """Link every entry of a site folder that belongs to no hidden distribution; the first of a name wins, as in ``sys.path``."""
    left_out = set(_belonging(site, hidden))
    for entry in sorted(site.iterdir()):
        link = lent / entry.name
        if entry.name in left_out or entry.name == "__pycache__" or link.exists() or link.is_symlink():
            continue
        if entry.suffix != ".pth":
            link.symlink_to(entry)
        elif lines := _pth_lines(entry):
            link.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _belonging(site: Path, hidden: Collection[str]) -> Iterator[str]:
    """The entries of a site folder that hidden distributions brought."""
    for distribution in importlib.metadata.distributions(path=[str(site)]):
        if normalised(distribution.name) in hidden:
            yield from {file.parts[0] for file in distribution.files or () if file.parts[0] not in ("..", "/")}


def _pth_lines(path: Path) -> list[str]:
    """The lines of a ``.pth`` file that lead to no site folder: those are lent entry by entry."""
    lent = {site.resolve() for site in site_folders()}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    kept = (line for line in lines if line.strip() and "addsitedir" not in line)
    return [line for line in kept if line.startswith("import") or (path.parent / line.strip()).resolve() not in lent]


def pip(*arguments: str) -> None:
    """Run pip quietly.

    Raises:
        UserError: with the line in which pip says why it failed.
    """
    options = ["--disable-pip-version-check", "--quiet", "--no-input"]
    words: Sequence[str] = [sys.executable, "-m", "pip", *options, *arguments]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("WARNING")]
        if any("No module named pip" in line for line in said):
            raise UserError("pip is not in this environment", "install it: python -m ensurepip, or uv pip install pip")
        errors = [line for line in said if re.match(r"\s*(ERROR|error|\w*Error)\b", line)]
        raise UserError(f"pip {arguments[-2] if '--python' in arguments else arguments[0]} fails: {(errors or said or ['?'])[-1].strip()}")
