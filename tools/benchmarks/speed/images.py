"""The data of the benchmarks: encoded pictures, as a folder holds them, and the same pictures decoded."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from .workloads import Workload

FACES = 1024
"""How many noise images stand in for faces: their content costs nothing, their decoding what any PNG's does."""


def arrays(workload: Workload) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, H, W) or (N, H, W, 3) uint8 and labels (N,) int64."""
    if workload.data == "faces":
        images = np.random.default_rng(0).integers(0, 256, (FACES, workload.size, workload.size, 3), np.uint8)
        return images, np.zeros(FACES, np.int64)
    from ganzoo.data.cache import Cache
    from ganzoo.data.digits import Digits

    found = Digits(size=32 if workload.size == 32 else 28).arrays(Cache())
    return np.array(found["sample"][:])[:, 0], np.array(found["label"][:])


def encode(image: np.ndarray) -> bytes:
    """One image as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def write_folder(workload: Workload, folder: Path) -> None:
    """The images as PNG files in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, image in enumerate(arrays(workload)[0]):
        (folder / f"{i:05d}.png").write_bytes(encode(image))


class Pictures(Dataset):
    """Pictures that are decoded, converted and normalised at each access, as an image folder of a tutorial does."""

    def __init__(self, files: Sequence[bytes], labels: np.ndarray, mode: str) -> None:
        self.files, self.labels, self.mode = files, labels.tolist(), mode

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        image = np.asarray(Image.open(io.BytesIO(self.files[i])).convert(self.mode), np.float32) / 127.5 - 1
        return torch.from_numpy(np.atleast_3d(image).transpose(2, 0, 1).copy()), self.labels[i]


def pictures(workload: Workload) -> Pictures:
    """The data as the textbook reads it."""
    images, labels = arrays(workload)
    return Pictures([encode(image) for image in images], labels, "RGB" if workload.data == "faces" else "L")
