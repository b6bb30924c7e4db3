"""Makes the pictures that are measured with. They are random, but as hard to decode as photographs: detail at every scale."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image

DETAIL = ((4, 60), (12, 35), (40, 18), (109, 8))
"""(columns, amplitude) of the noise that is enlarged and added up. A face of 178 x 218 takes 14 kB at quality 90, as CelebA's do."""


def draw(random: np.random.Generator, width: int, height: int) -> Image.Image:
    """A random RGB picture."""
    total = np.full((height, width, 3), 128.0)
    for columns, amplitude in DETAIL:
        small = amplitude * random.standard_normal((3, columns * height // width + 1, columns)).astype(np.float32)
        layers = [Image.fromarray(layer).resize((width, height), Image.Resampling.BICUBIC) for layer in small]
        total += np.stack([np.asarray(layer) for layer in layers], axis=-1)
    return Image.fromarray(total.clip(0, 255).astype(np.uint8))


def make_faces(folder: Path, count: int, distinct: int) -> Path:
    """CelebA's layout: ``count`` JPEGs of 178 x 218 pixels. Those after the first ``distinct`` are hard links to them."""
    images = folder / "img_align_celeba"
    images.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    for number in range(1, count + 1):
        path = images / f"{number:06}.jpg"
        if path.exists():
            continue
        if number <= distinct:
            draw(random, 178, 218).save(path, "JPEG", quality=90)
        else:
            os.link(images / f"{(number - 1) % distinct + 1:06}.jpg", path)
    lines = (f"{number:06}.jpg 0\n" for number in range(1, count + 1))
    (folder / "list_eval_partition.txt").write_text("".join(lines))
    return folder


def make_folder(folder: Path, count: int, size: int, kind: str) -> Path:
    """A folder with one class: ``count`` pictures of ``size`` x ``size`` pixels, "jpg" or "png"."""
    images = folder / "pictures"
    images.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(1)
    for number in range(count):
        draw(random, size, size).save(images / f"{number:06}.{kind}", quality=90)  # PNG has no quality, and ignores it
    return folder
