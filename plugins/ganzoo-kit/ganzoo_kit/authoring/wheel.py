"""A wheel, looked at before anything of it is unpacked: what it would install, and what it asks for."""

from __future__ import annotations

import configparser
import email.parser
import importlib.metadata
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from ganzoo.errors import UserError
from ganzoo.registry import GROUP

from .finding import Finding
from .names import core_range, normalised

MOST_METADATA = 1024**2
OTHER = "ganzoo"
"""A name on the package index that belongs to another project."""


@dataclass(frozen=True)
class Wheel:
    """What a wheel says of itself.

    Args:
        path: the file.
        name, version: of the distribution.
        modules: what it puts at the top level of site-packages, with folders.
        files: every path that it installs.
        entry_points: entry points of the group ``ganzoo``: name to module.
        requires: its requirements, as written.
        requires_python: the versions of Python that it takes, as written.
    """

    path: Path
    name: str
    version: str
    modules: tuple[str, ...]
    files: frozenset[str]
    entry_points: Mapping[str, str]
    requires: tuple[str, ...]
    requires_python: str


def read_wheel(path: Path) -> Wheel:
    """Read a wheel's directory and metadata; nothing is unpacked.

    Raises:
        UserError: where it is not a wheel. What it would write where is pip's to refuse, and its code is run next anyway.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            info = {PurePosixPath(name).parts[0] for name in names if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)}
            if len(info) != 1:
                raise UserError(f"it holds {len(info)} folders of metadata, a wheel has one", "build it again", where=str(path))
            folder = info.pop()
            metadata = email.parser.Parser().parsestr(_text(archive, f"{folder}/METADATA", path))
            entry_points = _entry_points(_text(archive, f"{folder}/entry_points.txt", path), path)
        parse_wheel_filename(path.name)
    except (zipfile.BadZipFile, InvalidWheelFilename, OSError, EOFError, RuntimeError) as error:
        raise UserError(f"it is not a wheel that can be read: {error}", "build it again", where=str(path)) from error
    modules = {re.sub(r"\.py$", "", PurePosixPath(n).parts[0]) for n in names if ".dist-info/" not in n and ".data/" not in n}
    return Wheel(
        path,
        str(metadata.get("Name", "")),
        str(metadata.get("Version", "")),
        tuple(sorted(modules)),
        frozenset(names),
        entry_points,
        tuple(metadata.get_all("Requires-Dist") or ()),
        str(metadata.get("Requires-Python") or ""),
    )


def _text(archive: zipfile.ZipFile, name: str, path: Path) -> str:
    """A metadata file; "" where there is none."""
    try:
        with archive.open(name) as file:
            content = file.read(MOST_METADATA + 1)
    except KeyError:
        return ""
    if len(content) > MOST_METADATA:
        raise UserError(f"{name} is longer than {MOST_METADATA} bytes", "build it again", where=str(path))
    return content.decode("utf-8", errors="replace")


def _entry_points(text: str, path: Path) -> dict[str, str]:
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise UserError(f"its entry points cannot be read: {error}", "build it again", where=str(path)) from error
    return dict(parser[GROUP]) if parser.has_section(GROUP) else {}


def wheel_findings(wheel: Wheel) -> Iterator[Finding]:
    """What can be said of a wheel before it is installed: the entry point, the requirements, the modules that it would install."""
    for check, problem in (("entry_point", _entry_point(wheel)), ("requirements", _requirements(wheel)), ("modules", _modules(wheel))):
        yield Finding("wheel", check, "failed" if problem else "ok", problem)


def _entry_point(wheel: Wheel) -> str:
    if not wheel.entry_points:
        return f"it has no entry point in the group '{GROUP}', so nothing finds it; add [project.entry-points.{GROUP}] to pyproject.toml"
    for name, value in wheel.entry_points.items():
        module = re.split(r"[.:]", value)[0]
        if module not in wheel.modules:
            held = ", ".join(wheel.modules) or "nothing"
            return f"the entry point {name} = {value} names the module '{module}', which the wheel does not hold (it holds {held}); ship it"
    return ""


def _requirements(wheel: Wheel) -> str:
    try:
        needed = {normalised(r.name): r for r in map(Requirement, wheel.requires) if not r.marker or r.marker.evaluate({"extra": ""})}
        pythons = SpecifierSet(wheel.requires_python)
    except (InvalidRequirement, InvalidSpecifier) as error:
        return f"a requirement cannot be read: {error}; repair it"
    here = ".".join(map(str, sys.version_info[:3]))
    core, version = needed.get("ganzoo-core"), importlib.metadata.version("ganzoo-core")
    if OTHER in needed:
        return f"it requires '{OTHER}', which is another project on the package index; require ganzoo-core{core_range()}"
    if core is None:
        return f"it does not require ganzoo-core, so it would be installed without it; require ganzoo-core{core_range()}"
    if not core.specifier.contains(version, prereleases=True):
        return f"it requires {core}, this is ganzoo-core {version}; try it with this one, then require ganzoo-core{core_range()}"
    if not any(specifier.operator in ("<", "<=", "==", "~=") for specifier in core.specifier):
        return f"it requires {core} without an upper bound, so a later ganzoo-core would break it; require ganzoo-core{core_range()}"
    if not pythons.contains(here, prereleases=True):
        return f"it takes Python {pythons}, this is {here}; check it with such a Python"
    return ""


def _modules(wheel: Wheel) -> str:
    owners = importlib.metadata.packages_distributions()
    for module in wheel.modules:
        others = sorted({owner for owner in owners.get(module, ()) if normalised(owner) != normalised(wheel.name)})
        if others:
            return f"it installs the module '{module}', which {others[0]} installs too: one would overwrite the other; rename it"
        if module in ("tests", "test", "docs", "examples"):
            return f"it installs '{module}' beside every other package's; leave it out of the wheel"
    return ""
