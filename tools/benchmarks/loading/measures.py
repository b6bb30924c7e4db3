"""What is measured: each is set up once and then gives one round's numbers as often as it is asked.

The other side is what tutorials of the field publish: PIL, torchvision's transforms and torch's DataLoader, in one process.
"""

from __future__ import annotations

import io
import itertools
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from ganzoo_data.celeba import CelebA
from ganzoo_data.folder import ImageFolder
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder as TorchvisionFolder

from ganzoo.config import parse_config, resolve
from ganzoo.data.cache import Cache
from ganzoo.data.dataset import Dataset
from ganzoo.data.spec import describe
from ganzoo.engine.batches import Batches
from ganzoo.engine.build import build
from ganzoo.engine.device import Runtime
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.registry import Registry
from ganzoo.ui.progress import Reporter

BATCH = 64
NORMALISE = (transforms.ToTensor(), transforms.Normalize(0.5, 0.5))
RECIPE = """
data: {{name: celeba, root: {root}, size: 64, crop: 178, flip: true}}
generator: {{name: dcgan, width: 64, latent_dim: 128}}
critic: {{name: dcgan, width: 64}}
loss: non_saturating
train: {{steps: 1000, batch_size: 64, device: cpu, threads: 1}}
"""


@dataclass(frozen=True)
class Cost:
    """What some work took, per image.

    Args:
        wall: seconds on the clock.
        cpu: seconds of all cores together.
    """

    wall: float
    cpu: float


@contextmanager
def timed(images: int) -> Iterator[list[Cost]]:
    """Times the block; the cost of each of ``images`` is in the list afterwards."""
    found: list[Cost] = []
    wall, cpu = time.perf_counter(), cpu_seconds()
    yield found
    found.append(Cost((time.perf_counter() - wall) / images, (cpu_seconds() - cpu) / images))


def cpu_seconds() -> float:
    """Of this process, and of those it started that have ended."""
    return sum(os.times()[:4])


def decode_faces(root: Path, count: int, cache: Path) -> tuple[Callable[[], Cost], Callable[[], Cost]]:
    """Aligned faces of 178 x 218 to 64 x 64: ours into the cache, theirs into tensors."""
    paths = sorted((root / "img_align_celeba").iterdir())[:count]
    return build_cache(CelebA(root=str(root), size=64, crop=178), cache), transform(paths, 178)


def decode_photos(root: Path, cache: Path) -> tuple[Callable[[], Cost], Callable[[], Cost]]:
    """Large photographs to 64 x 64, where JPEG's reduced scales help."""
    paths = sorted(root.rglob("*.jpg"))
    return build_cache(ImageFolder(root=str(root), size=64, labels=False), cache), transform(paths, 10**6)


def build_cache(dataset: Dataset, folder: Path) -> Callable[[], Cost]:
    """A cold build of the cache, on the disk at the end."""

    def work() -> Cost:
        shutil.rmtree(folder, ignore_errors=True)
        wall, cpu = time.perf_counter(), cpu_seconds()
        count = len(dataset.arrays(Cache(folder, Reporter(io.StringIO())))["sample"])
        return Cost((time.perf_counter() - wall) / count, (cpu_seconds() - cpu) / count)

    return work


def transform(paths: list[Path], crop: int) -> Callable[[], Cost]:
    """PIL and torchvision's transforms, picture after picture."""
    steps = transforms.Compose([transforms.CenterCrop(crop)] * (crop < 10**6) + [transforms.Resize(64), *NORMALISE])

    def work() -> Cost:
        with timed(len(paths)) as cost:
            for path in paths:
                steps(Image.open(path).convert("RGB"))
        return cost[0]

    return work


def read_batches(pngs: Path, cache: Path, count: int) -> tuple[Callable[[], Cost], Callable[[], Cost]]:
    """``count`` batches of 64 x 64 with flips: ours from the cache, theirs from a DataLoader over PNG files of that size."""
    batches = open_batches(ImageFolder(root=str(pngs), size=64, labels=False), cache)
    steps = transforms.Compose([transforms.RandomHorizontalFlip(), *NORMALISE])
    loader = DataLoader(TorchvisionFolder(str(pngs), steps), BATCH, shuffle=True, drop_last=True)

    def ours() -> Cost:
        with timed(BATCH * count) as cost:
            for _ in range(count):
                batches.next()
        return cost[0]

    def theirs() -> Cost:
        few = max(1, count // 10)  # they take ten times as long
        with timed(BATCH * few) as cost:
            for _ in itertools.islice(loader, few):
                pass
        return cost[0]

    return ours, theirs


def open_batches(dataset: Dataset, folder: Path) -> Batches:
    """Batches from the cache, mirrored at random, on the CPU."""
    arrays = dataset.arrays(Cache(folder, Reporter(io.StringIO())))
    cpu = Runtime(torch.device("cpu"), "fp32", "highest")
    return Batches(arrays, describe(arrays, 0, 1.0), BATCH, 0, True, cpu)


def train_step(root: Path) -> tuple[Callable[[], Cost], Callable[[], Cost]]:
    """The data of a DCGAN step at 64 x 64, and the whole step; read from the cache that ``GANZOO_CACHE`` names."""
    config = parse_config(RECIPE.format(root=root))
    run, _ = build(config, resolve(config, Registry.installed()), Reporter(io.StringIO()))
    loop = Loop(run, Meter())

    def data() -> Cost:
        with timed(50 * BATCH) as cost:
            for _ in range(50):
                run.batches.next()
        return cost[0]

    def step() -> Cost:
        with timed(BATCH) as cost:
            loop.step()
        return cost[0]

    return data, step
