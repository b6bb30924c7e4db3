"""The nine recipes, made small, and the hash of the weights that a training leaves.

Only what users have is used, the command ``ganzoo run`` and the files of a run directory, so that modules may move.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors import safe_open

STEPS = 40
COMMON = (
    *(f"train.steps={STEPS}", "train.batch_size=8", "train.threads=1", "train.device=cpu", "train.precision=fp32"),
    *("sample.count=10", "metrics=[]"),
)
NARROW = ("generator.width=8", "critic.width=8")
PICTURES = "data={name: folder, root: pictures, size: %s, flip: true, labels: %s}"
RECIPES: dict[str, tuple[str, ...]] = {
    "vanilla_mnist": ("data={name: digits}",),
    "lsgan_mnist": ("data={name: digits}", *NARROW),
    "dcgan_celeba": (PICTURES % (64, "false"), *NARROW),
    "dcgan_stacked_mnist": ("data={name: stacked_mnist, count: 500}", *NARROW),
    "wgan_celeba": (PICTURES % (32, "false"), *NARROW, "schedule.boost_updates=6", "schedule.boost_steps=3", "schedule.boost_every=20"),
    "wgan_gp_cifar10": (PICTURES % (32, "false"), *NARROW),
    "grid_wgan_gp": ("data.count=2000",),
    "quickstart": NARROW,
    "acgan_cifar10": (PICTURES % (32, "true"), *NARROW),
}
"""Recipe of ``zoo_configs/`` to what makes it small and independent of data that has to be fetched."""
PLAYERS = ("generator", "critic")


class TrainingError(Exception):
    """A recipe does not train, with what was said."""


def train(recipes: list[Path], folder: Path, site: Path, processes: int) -> dict[str, str]:
    """Train recipes in ``folder`` with the distributions that are installed in ``site``; returns the hash of the weights by name.

    Raises:
        TrainingError: where a command ends with another exit code than 0.
    """
    calls = [(words(recipe), f"{recipe.stem}.txt") for recipe in recipes]
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("child.py")],
        input=json.dumps({"processes": processes, "calls": calls}),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(site), "PYTHONSAFEPATH": "1", "GANZOO_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"},
        text=True,
        check=False,
    )
    if done.returncode:
        said = [f"{Path(file).stem}: {text[-500:]}" for _, file in calls if (text := (folder / file).read_text().strip())]
        raise TrainingError("not all recipes train: " + ("; ".join(said) or "without a word"))
    return {recipe.stem: hash_of([folder / recipe.stem / "weights" / f"{player}.safetensors" for player in PLAYERS]) for recipe in recipes}


def words(recipe: Path) -> list[str]:
    """The arguments of ``ganzoo`` that train a recipe small."""
    overrides = [word for override in (*COMMON, *RECIPES[recipe.stem]) for word in ("-o", override)]
    return ["run", str(recipe), "--out", recipe.stem, "--quiet", *overrides]


def hash_of(files: list[Path]) -> str:
    """The sha256 of all tensors in safetensors files: their files' and own names, types, shapes and bytes."""
    found = hashlib.sha256()
    for path in files:
        with safe_open(path, framework="numpy") as file:
            for name in sorted(file.keys()):
                array = file.get_tensor(name)
                found.update(f"{path.stem} {name} {array.dtype} {array.shape}\n".encode())
                found.update(array.tobytes())
    return found.hexdigest()


def make_pictures(folder: Path) -> None:
    """Forty-eight random pictures of 80 x 70 in three sub-folders."""
    random = np.random.default_rng(0)
    for i in range(48):
        path = folder / "pictures" / "abc"[i % 3] / f"{i:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (80, 70, 3), np.uint8)).save(path)
