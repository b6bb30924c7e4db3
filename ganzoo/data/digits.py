"""10,000 digits that need no download: uint8 arrays already, so nothing is decoded and nothing cached."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from .dataset import Dataset

if TYPE_CHECKING:
    from .cache import Cache

IMAGES_HEADER, LABELS_HEADER = 16, 8
"""Bytes before the array in files of the format IDX: its type, the number of its dimensions, and their sizes."""


class Digits(Dataset):
    """10,000 handwritten digits of MNIST (its test half), shipped with ganzoo: 1 x 28 x 28, with their labels.

    Args:
        size: edge of the images in pixels; 32 adds a black border of 2.
    """

    source = "MNIST, test half; Yann LeCun and Corinna Cortes; CC BY-SA 3.0"
    classes = 10
    class_names = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")

    def __init__(self, *, size: Literal[28, 32] = 28) -> None:
        self.size = size

    def arrays(self, cache: Cache) -> Mapping[str, np.ndarray]:
        """{"sample": (10000, 1, size, size) uint8, "label": (10000,) int64}."""
        folder, border = Path(__file__).with_name("digits"), (self.size - 28) // 2
        images = np.frombuffer(gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=IMAGES_HEADER)
        labels = np.frombuffer(gzip.decompress((folder / "t10k-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=LABELS_HEADER)
        padded = np.pad(images.reshape(-1, 1, 28, 28), ((0, 0), (0, 0), (border, border), (border, border)))
        return {"sample": padded, "label": labels.astype(np.int64)}
