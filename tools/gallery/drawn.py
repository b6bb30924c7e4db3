"""Draws the pictures that stand in for data which nobody may give out again: the same layout, another content.

In place of CIFAR-10's photographs: ten kinds of things, each in a random colour, size, place and turn. In place of a folder
of anime faces: cartoon faces. They have few colours, so that a few thousand steps are enough to learn from them.
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
HAIR: Sequence[Colour] = ((50, 35, 30), (120, 70, 35), (230, 190, 90), (200, 80, 50), (90, 120, 220), (230, 120, 170))
SKIN: Sequence[Colour] = ((255, 224, 196), (235, 190, 150), (190, 135, 95), (120, 80, 55))
EYES: Sequence[Colour] = ((90, 60, 30), (50, 110, 200), (60, 150, 80))


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


def draw_face(random: np.random.Generator, size: int) -> Image.Image:
    """A cartoon face, RGB, ``size`` x ``size`` pixels: hair, skin and eyes of a few colours, and a mouth that smiles or not."""
    edge = size * FINER
    image = Image.new("RGB", (edge, edge), pick(random, BACKGROUNDS))
    drawing = ImageDraw.Draw(image)

    def ellipse(x: float, y: float, width: float, height: float, fill: Colour) -> None:
        """About (x, y), in shares of the edge."""
        drawing.ellipse([edge * (x - width / 2), edge * (y - height / 2), edge * (x + width / 2), edge * (y + height / 2)], fill)

    hair, skin, iris = pick(random, HAIR), pick(random, SKIN), pick(random, EYES)
    length, width, smile = random.uniform(0.7, 1.1), random.uniform(0.5, 0.6), random.uniform(-0.6, 1)
    ellipse(0.5, 0.2 + length / 2, width + 0.3, length, hair)
    ellipse(0.5, 0.58, width, 0.66, skin)
    ellipse(0.5, 0.3, width + 0.1, 0.28, hair)
    apart, look = random.uniform(0.11, 0.14), random.uniform(-0.012, 0.012)
    for side in (-1, 1):
        ellipse(0.5 + side * apart, 0.57, 0.15, 0.17, (255, 255, 255))
        ellipse(0.5 + side * apart + look, 0.58, 0.1, 0.13, iris)
        ellipse(0.5 + side * apart + look, 0.58, 0.05, 0.07, (20, 20, 30))
    mouth = [(edge * (0.5 + x), edge * (0.78 + smile * (0.05 - 5 * x * x))) for x in np.linspace(-0.1, 0.1, 11)]
    drawing.line(mouth, (150, 40, 50), edge // 40, joint="curve")
    return image.resize((size, size), Image.Resampling.BOX)


def pick(random: np.random.Generator, colours: Sequence[Colour]) -> Colour:
    """One of the colours."""
    return colours[random.integers(len(colours))]


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


def write_folder(root: Path, images: int, size: int = 64) -> Path:
    """``root/00000.png`` and so on: cartoon faces; returns ``root``."""
    root.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(1)
    for i in range(images):
        draw_face(random, size).save(root / f"{i:05}.png")
    return root
