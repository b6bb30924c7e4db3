"""Draws what stands in for CIFAR-10's photographs: ten kinds of things, each in a random colour, size, place and turn.

They have few colours, so that a few thousand steps are enough to learn from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import cos, pi, sin
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

FINER = 4
"""Drawn this many times larger than wanted, so that edges come out smooth."""
BATCHES = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch")
"""CIFAR-10's files."""

Points = list[tuple[float, float]]
Colour = tuple[int, int, int]

BACKGROUNDS: Sequence[Colour] = ((245, 238, 220), (200, 225, 245), (225, 205, 240), (205, 235, 205))
PAINTS: Sequence[Colour] = ((210, 50, 45), (40, 90, 200), (40, 140, 70), (240, 170, 30), (130, 60, 160))


def around(corners: int, *radii: float, turn: float = 0.0) -> Points:
    """Corners about the origin, evenly in angle; their radii repeat."""
    angles = [turn + 2 * pi * i / corners for i in range(corners)]
    return [(radii[i % len(radii)] * cos(angle), radii[i % len(radii)] * sin(angle)) for i, angle in enumerate(angles)]


def flower(petals: int) -> Points:
    """The rim of a flower."""
    angles = [2 * pi * i / 120 for i in range(120)]
    return [((0.75 + 0.25 * cos(petals * angle)) * cos(angle), (0.75 + 0.25 * cos(petals * angle)) * sin(angle)) for angle in angles]


def cross() -> Points:
    """A plus sign."""
    corners = ((-1, -3), (1, -3), (1, -1), (3, -1), (3, 1), (1, 1), (1, 3), (-1, 3), (-1, 1), (-3, 1), (-3, -1), (-1, -1))
    return [(x / 3, y / 3) for x, y in corners]


def crescent() -> Points:
    """A moon: the outer rim one way, the inner one back."""
    outer = [(cos(angle), sin(angle)) for angle in np.linspace(0.25 * pi, 1.75 * pi, 40)]
    inner = [(0.35 + 0.78 * cos(angle), 0.9 * sin(angle)) for angle in np.linspace(1.6 * pi, 0.4 * pi, 40)]
    return [(float(x), float(y)) for x, y in outer + inner]


def heart() -> Points:
    """A heart."""
    angles = [2 * pi * i / 80 for i in range(80)]
    return [(sin(a) ** 3, -(13 * cos(a) - 5 * cos(2 * a) - 2 * cos(3 * a) - cos(4 * a)) / 16) for a in angles]


KINDS: Mapping[str, Callable[[], Points]] = {
    "disc": lambda: around(60, 1.0),
    "square": lambda: around(4, 1.0),
    "triangle": lambda: around(3, 1.0),
    "star": lambda: around(10, 1.0, 0.42, turn=pi / 2),
    "cross": cross,
    "flower": lambda: flower(5),
    "crescent": crescent,
    "heart": heart,
    "bar": lambda: [(-1, -0.3), (1, -0.3), (1, 0.3), (-1, 0.3)],
    "gear": lambda: around(32, 1.0, 1.0, 0.72, 0.72),
}
"""A kind of thing to its outline within the circle of radius 1; their order numbers the classes."""


def draw(kind: str, random: np.random.Generator, size: int) -> Image.Image:
    """One picture of a thing, RGB, ``size`` x ``size`` pixels."""
    edge = size * FINER
    image = Image.new("RGB", (edge, edge), pick(random, BACKGROUNDS))
    turn, radius = random.uniform(-0.2, 0.2), random.uniform(0.34, 0.42) * edge
    x, y = random.uniform(0.46, 0.54, 2) * edge
    rim = [(x + radius * (a * cos(turn) - b * sin(turn)), y + radius * (a * sin(turn) + b * cos(turn))) for a, b in KINDS[kind]()]
    ImageDraw.Draw(image).polygon(rim, fill=pick(random, PAINTS), outline=(20, 20, 20), width=edge // 32)
    return image.resize((size, size), Image.Resampling.BOX)


def pick(random: np.random.Generator, colours: Sequence[Colour]) -> Colour:
    """One of the colours."""
    return colours[int(random.integers(len(colours)))]


def write_cifar10(root: Path, images: int) -> Path:
    """``root/cifar-10-batches-bin``: CIFAR-10's binary version, ``images`` a file; returns ``root``."""
    folder = root / "cifar-10-batches-bin"
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    for name in BATCHES:
        records = []
        for i in range(images):
            label = i % len(KINDS)
            pixels = np.asarray(draw(list(KINDS)[label], random, 32)).transpose(2, 0, 1)
            records.append(bytes([label]) + pixels.tobytes())
        (folder / f"{name}.bin").write_bytes(b"".join(records))
    return root
