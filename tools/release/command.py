"""Every distribution of this repository, checked as it would be released.

    tools/release-check                            all of them
    tools/release-check ganzoo-lsgan               some of them
    tools/release-check --tag v0.2.0 --out dist    what is published: the tag is the version's, and the checked files are kept

1. Versions are in step: every project, the ranges by which they require each other, CITATION.cff, a heading in the changelog.
2. Each project is built as sdist and wheel; the wheel that the sdist gives holds the same files.
3. Each wheel is installed into a clean environment outside of the checkout: with the core, the kit and those of these distributions that
   it requires, no other plugin, none of these sources. Torch and other packages are lent by the present environment. There each
   of its components is imported.
4. What its extras "recipes" and "tests" name is installed, too, and its own tests run: those that its sdist brings, whose package folder is
   removed first.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

import set_version
from common.command import exit_code_of
from packaging.requirements import Requirement

from ganzoo.errors import GanzooError

from .building import CORE, KIT, Release, ReleaseError, build
from .trying import attempt
from .versions import out_of_step, unready

EXTRAS = ("recipes", "tests")
"""What a distribution's tests may need besides its requirements."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return exit_code_of("release-check", lambda: check(parser().parse_args(arguments)))


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    made = argparse.ArgumentParser(prog="release-check", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("names", nargs="*", metavar="NAME", help="distributions (default: all)")
    made.add_argument("--tag", help="refuse to go on unless this is the version's tag and the changelog says when it was released")
    made.add_argument("--out", type=Path, metavar="FOLDER", help="keep wheel and sdist in FOLDER/NAME, once every check has passed")
    return made


def check(asked: argparse.Namespace) -> int:
    """Check the named distributions, or all; a line each, exit code 2 where one may not be released."""
    known = {name_of(project): project for project in set_version.projects()}
    problems = out_of_step() + (unready(asked.tag) if asked.tag else [])
    if unknown := sorted(set(asked.names) - known.keys()):
        problems.append(f"{unknown[0]} is not in this repository: {', '.join(known)}")
    if asked.out and asked.out.exists():
        problems.append(f"{asked.out} exists already: name another folder with --out, or remove it")
    for problem in problems:
        print(f"release-check: error: {problem}", file=sys.stderr)
    if not problems:
        with tempfile.TemporaryDirectory(prefix="ganzoo-release-") as folder:
            releases, problems = check_all(known, asked.names or list(known), Path(folder))
            if asked.out and not problems:
                keep(releases, asked.out)
    return 2 if problems else 0


def check_all(known: dict[str, Path], names: list[str], folder: Path) -> tuple[list[Release], list[str]]:
    """Build and try each; what was built, and why some may not be released."""
    releases: list[Release] = []
    problems: list[str] = []
    built: dict[str, Release] = {}
    for name in names:
        at = name
        try:
            alone = required({CORE, KIT, name}, known)
            tested = required({*alone, *ours_in(known[name], EXTRAS)} & known.keys(), known)
            for at in tested:
                built[at] = built.get(at) or build(at, known[at], folder)
            at = name
            beside, others = ([built[other] for other in each] for each in (alone, tested))
            passed = attempt(built[name], beside, others, folder, hidden=list(known))
            print(f"{name}: {built[name].wheel.name}, {built[name].sdist.name}: {passed}", flush=True)
            releases.append(built[name])
        except (ReleaseError, GanzooError) as error:  # the rest are still checked
            if (problem := f"{at}: {error}") not in problems:
                problems.append(problem)
                print(f"release-check: error: {problem}", file=sys.stderr, flush=True)
    return releases, problems


def required(names: set[str], known: Mapping[str, Path]) -> list[str]:
    """``names`` with those of this repository that they require, and these in turn."""
    found = names | {other for name in names for other in ours_in(known[name])} & known.keys()
    return sorted(found) if found == names else required(found, known)


def ours_in(project: Path, extras: Iterable[str] = ()) -> set[str]:
    """The distributions that a project names as requirements, or in its ``extras``."""
    text = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = text.get("optional-dependencies", {})
    listed = [each for extra in extras for each in optional.get(extra, [])] if extras else text["dependencies"]
    return {Requirement(each).name for each in listed}


def keep(releases: Iterable[Release], folder: Path) -> None:
    """Copy what was built into a folder for each distribution: each is published by itself."""
    for release in releases:
        (folder / release.name).mkdir(parents=True)
        for file in (release.wheel, release.sdist):
            shutil.copy(file, folder / release.name)


def name_of(project: Path) -> str:
    """The distribution that a project makes."""
    return str(tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]["name"])
