"""Verification of a pack: a trained generator in one folder that another machine can sample from. ``ganzoo pack`` makes one.

A pack is a run directory reduced to what sampling needs, with a model card, exact pins, and the sha256 of every file.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from ganzoo.errors import UserError
from ganzoo.registry import Component
from ganzoo.rundir.files import CONFIG, ENVIRONMENT, GENERATOR

SUMS = "SHA256SUMS"
"""Every other file of the pack with its sha256, in the form that ``sha256sum --check`` reads."""
PINS = "requirements.txt"
"""The exact versions that sampling needs, in the form that pip reads."""
NEEDED = (CONFIG, ENVIRONMENT, GENERATOR)
"""What sampling reads; a pack's sums must name all of them."""


def verify(folder: Path) -> None:
    """See that every file of a pack is as it was packed; a folder without sums is not a pack, and passes.

    This finds damage in transit and files that were changed afterwards. Who can change a file can also change its sum:
    compare the sha256 of the sums with what the author published, or trust the place that it came from.

    Raises:
        UserError: naming the first file that is missing, changed, or outside of the pack.
    """
    if not (folder / SUMS).is_file():
        return
    sums, root, again = read_sums(folder), folder.resolve(), "get the pack again"
    if left_out := [name for name in NEEDED if name not in sums]:
        raise UserError(f"{folder / SUMS} does not name {left_out[0]}", again, key="RUN")
    for name, wanted in sums.items():
        path = folder / name
        if not path.resolve().is_relative_to(root):
            raise UserError(f"{folder / SUMS} names '{name}', which lies outside of the pack", again, key="RUN")
        if not path.is_file():
            raise UserError(f"{path} of the pack is missing", again, key="RUN")
        if (found := sha256_of(path)) != wanted:
            what = f"{path} is not as it was packed: sha256 {found[:12]}..., wanted {wanted[:12]}..."
            raise UserError(what, f"{again}; after a change that you mean, delete SHA256SUMS", key="RUN")


def read_sums(folder: Path) -> dict[str, str]:
    """File name -> sha256 in hexadecimal, from the pack's ``SHA256SUMS``.

    Raises:
        UserError: where a line is not a sum.
    """
    try:
        text = (folder / SUMS).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{folder / SUMS} cannot be read ({error})", "get the pack again", key="RUN") from error
    sums = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = re.fullmatch(r"([0-9a-f]{64})  (\S.*)", line)
        if not match:
            raise UserError("this is not a line of sums", "get the pack again", where=f"{folder / SUMS}:{number}")
        sums[match[2]] = match[1]
    return sums


def version_note(folder: Path, before: Mapping[str, str], component: Component) -> str:
    """A note where a pack has other pins than is installed here, or a generator was trained ``before`` in another version; or ""."""
    if others := list(_other_versions(folder / PINS)):
        wanted = f"note: {folder} was packed with {', '.join(others)}; its samples may differ here"
        return f"{wanted}. The same versions: pip install -r {shlex.quote(str(folder / PINS))}"
    was = before.get(component.distribution, component.version)
    known = f"note: it was trained with {component.distribution} {was} (here {component.version}); its samples may differ"
    return known if was != component.version else ""


def _other_versions(pins: Path) -> Iterator[str]:
    """``torch==2.6.0 (here 2.15.0)``, for each line of ``pins`` that what is installed does not meet."""
    try:
        lines = pins.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        try:
            wanted = Requirement(line)
        except InvalidRequirement:  # a comment; or an option of pip's that somebody wrote
            continue
        try:
            here = importlib.metadata.version(wanted.name)
        except importlib.metadata.PackageNotFoundError:
            yield f"{wanted.name}{wanted.specifier} (not installed here)"
        else:
            if not wanted.specifier.contains(here, prereleases=True):
                yield f"{wanted.name}{wanted.specifier} (here {here})"


def sha256_of(path: Path) -> str:
    """A file's sha256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
