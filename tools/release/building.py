"""A distribution's wheel and sdist, built as they are published."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from ganzoo_kit.authoring.wheel import Wheel, read_wheel, wheel_findings

CORE = "ganzoo-core"
KIT = "ganzoo-kit"
"""It brings the conformance kit that every distribution's tests call."""


class ReleaseError(Exception):
    """What keeps a distribution from being released."""


@dataclass(frozen=True)
class Release:
    """A distribution with what was built of it."""

    name: str
    wheel: Path
    sdist: Path


def build(name: str, project: Path, folder: Path) -> Release:
    """Build sdist and wheel, and the wheel that the sdist gives.

    Raises:
        ReleaseError: where one does not build, says something wrong of itself, or the two wheels differ.
    """
    out = folder / "dist" / name
    _hatchling(["--directory", str(out)], cwd=project)
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    faults = _faults(read_wheel(wheel)) if name != CORE else []
    if faults:
        raise ReleaseError(faults[0])
    source = unpack(sdist, folder / "sources" / name)
    _hatchling(["--target", "wheel", "--directory", str(out / "again")], cwd=source)
    (again,) = (out / "again").glob("*.whl")
    if different := contents(wheel) ^ contents(again):
        raise ReleaseError(f"the sdist gives another wheel than the checkout: {min(different)[0]} is not the same in both")
    return Release(name, wheel, sdist)


def _faults(wheel: Wheel) -> list[str]:
    """What is wrong with a wheel; one that holds no code only depends on others, and needs no entry point."""
    found = [finding for finding in wheel_findings(wheel) if finding.status == "failed"]
    return [finding.reason for finding in found if wheel.modules or finding.check != "entry_point"]


def unpack(sdist: Path, folder: Path) -> Path:
    """The folder that an sdist holds."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.iterdir()
    return source


def contents(wheel: Path) -> set[tuple[str, int]]:
    """What a wheel holds: the name and the checksum of each file."""
    with zipfile.ZipFile(wheel) as archive:
        return {(file.filename, file.CRC) for file in archive.infolist()}


def _hatchling(words: list[str], cwd: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "hatchling", "build", *words], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReleaseError(f"it does not build: {done.stderr.strip()[-300:]}")
