"""The command: train with this checkout, and with another revision or what was written of one; compare."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from .recipes import RECIPES, TrainingError, make_pictures, train

ROOT = Path(__file__).resolve().parents[2]


class NoAnswerError(Exception):
    """Why nothing can be compared."""


def main(words: list[str] | None = None) -> int:
    """Returns 0 where the weights are the same (or nothing is compared), 1 where they differ, 2 where that cannot be said."""
    parser = argparse.ArgumentParser(
        prog="tools/same_weights",
        description="Train nine recipes, one a variant, for 40 steps on the CPU, and say the sha256 of the weights that each ends with.",
    )
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--against", metavar="REV", help="train the same configurations with another revision, too, and compare")
    other.add_argument("--read", type=Path, metavar="FILE", help="compare with what --write wrote")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the hashes as JSON")
    parser.add_argument("--only", metavar="NAME,NAME", help=f"some of the recipes: {', '.join(RECIPES)}")
    parser.add_argument("-n", type=int, default=2, metavar="PROCESSES", help="how many are trained at once (default: 2)")
    options = parser.parse_args(words)
    try:
        return compare(options)
    except (NoAnswerError, TrainingError, OSError) as error:
        print(f"same_weights: error: {error}", file=sys.stderr)
        return 2


def compare(options: argparse.Namespace) -> int:
    """What the arguments ask for; returns the exit code."""
    names = options.only.split(",") if options.only else list(RECIPES)
    if unknown := set(names) - set(RECIPES):
        raise NoAnswerError(f"--only: there is no recipe {sorted(unknown)[0]!r} here; there are {', '.join(RECIPES)}")
    wanted: dict[str, str] = {}
    if options.read:
        wanted = read(options.read)
        if lacking := set(names) - set(wanted):
            raise NoAnswerError(f"{options.read} lacks {', '.join(sorted(lacking))}; choose with --only, or write it anew")
    elif options.against:
        with checkout(options.against) as tree:
            wanted = weights_of(tree, names, options.n, options.against)
    found = weights_of(ROOT, names, options.n, "this checkout")
    differing = [name for name in names if wanted and found[name] != wanted[name]]
    for name in names:
        print(f"{name:20} {found[name]}{f' differs: was {wanted[name]}' if name in differing else ''}")
    if options.write:
        options.write.write_text(json.dumps({"made_with": environment_fingerprint(), "weights": found}, indent=1) + "\n", encoding="utf-8")
    if wanted:
        print(f"{len(differing)} of {len(names)} differ: {', '.join(differing)}" if differing else f"all {len(names)} are the same")
    return int(bool(differing))


def environment_fingerprint() -> dict[str, str]:
    """What else the weights depend on."""
    return {"torch": torch.__version__, "instructions": torch.backends.cpu.get_cpu_capability()}


def read(path: Path) -> dict[str, str]:
    """The hashes that ``--write`` wrote.

    Raises:
        NoAnswerError: where the file holds none, or they come from another torch or kind of CPU.
    """
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        made_with, weights = held["made_with"], dict(held["weights"])
    except (ValueError, KeyError, TypeError) as error:
        raise NoAnswerError(f"{path} is not what --write writes ({error})") from error
    if made_with != environment_fingerprint():
        raise NoAnswerError(f"{path} was made with {made_with}, here is {environment_fingerprint()}: use --against")
    return weights


@contextmanager
def checkout(revision: str) -> Iterator[Path]:
    """The files of a revision, in a git worktree that is removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git("worktree", "add", "--quiet", "--detach", str(tree), revision)
        try:
            yield tree
        finally:
            git("worktree", "remove", "--force", str(tree))


def git(*words: str) -> None:
    """Call git in this repository.

    Raises:
        NoAnswerError: where it fails.
    """
    done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoAnswerError(f"git {words[0]} fails: {done.stderr.strip()}")


def weights_of(tree: Path, names: list[str], processes: int, called: str) -> dict[str, str]:
    """Train this checkout's recipes with the code of ``tree``; returns the hash by name."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        site = install(tree, folder / "site")
        make_pictures(folder)
        recipes = [ROOT / "zoo_configs" / f"{name}.yaml" for name in names]
        hashes = train(recipes, folder, site, processes)
    print(f"{called}: trained in {time.monotonic() - began:.0f} s", file=sys.stderr)
    return hashes


def install(tree: Path, site: Path) -> Path:
    """Install the core and every plugin of ``tree`` into a folder of their own, and hide those of the environment that it lacks.

    A distribution found on ``PYTHONPATH`` hides an installed one of its name. One that the tree does not have would give its
    components all the same; metadata that names no entry point hides it.
    """
    projects = [str(tree), *(str(path.parent) for path in sorted(tree.glob("plugins/*/pyproject.toml")))]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps", "--no-build-isolation"]
    done = subprocess.run([*pip, "--target", str(site), *projects], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoAnswerError(f"pip cannot install {tree}: {done.stderr.strip()[-500:]}")
    own = {distribution.name for distribution in importlib.metadata.distributions(path=[str(site)])}
    for entry_point in importlib.metadata.entry_points(group="ganzoo"):
        name = entry_point.dist.name if entry_point.dist else ""
        if name not in own:
            metadata = site / f"{name.replace('-', '_')}-0.dist-info" / "METADATA"
            metadata.parent.mkdir(exist_ok=True)
            metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0\n", encoding="utf-8")
    return site
