"""CIFAR-10, from its binary version.

torchvision reads the other version, which is made of pickles: loading one runs whatever code it holds. So torchvision only
downloads and checks here, and the binary version, published by the same authors on the same page, is read by a few lines of
numpy: records of one label byte and 3072 pixel bytes. The archive is never unpacked: its members are read where they are, by
name, so that no path inside it can lead anywhere. Nothing is decoded, so nothing is cached.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ganzoo import Dataset, UserError
from ganzoo.data import expanded

from .archives import BadArchive
from .download import fetch
from .streaming import read_tar

if TYPE_CHECKING:
    from ganzoo import Cache

FOLDER = "cifar-10-batches-bin"
ARCHIVE = "cifar-10-binary.tar.gz"
URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
"""As published beside the archive."""
FILES = {"train": [f"data_batch_{i}.bin" for i in range(1, 6)], "test": ["test_batch.bin"]}
RECORD_BYTES = 1 + 3 * 32 * 32
MAX_FILE_BYTES = 10_000 * RECORD_BYTES
"""Length of every published file."""
MAX_ARCHIVE_BYTES = 1 << 28
"""The published archive unpacks to 184 MB."""


class CIFAR10(Dataset):
    """Photographs of ten kinds of things, 3 x 32 x 32, 50,000 to train on and 10,000 to test with, with their labels.

    Args:
        root: folder that holds ``cifar-10-batches-bin/`` or ``cifar-10-binary.tar.gz``.
        split: which part.
        flip: mirror images at random in training.
        download: fetch ``cifar-10-binary.tar.gz`` (170 MB) into ``root`` if neither is there.
    """

    source = "CIFAR-10; Alex Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images; no licence stated"
    classes = 10
    class_names = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

    def __init__(
        self, *, root: str = "data/cifar10", split: Literal["train", "test"] = "train", flip: bool = False, download: bool = True
    ) -> None:
        self.root, self.split, self.flip, self.download = root, split, flip, download

    def arrays(self, cache: Cache) -> Mapping[str, np.ndarray]:
        """{"sample": (N, 3, 32, 32) uint8, "label": (N,) int64}."""
        root = expanded(self.root)
        names = FILES[self.split]
        for folder in (root / FOLDER, root):
            if (folder / names[0]).is_file():
                return _to_arrays(_read_folder(folder, names))
        archive = root / ARCHIVE
        if not archive.is_file():
            get = f"get {ARCHIVE} from {URL} and put it into {root.absolute()}, or set data.root"
            if any((root / name).exists() for name in ("cifar-10-batches-py", "cifar-10-python.tar.gz")):
                get += " (the Python version that is there is made of pickles, which can run code: it is not read)"
            if not self.download:
                raise UserError(f"CIFAR-10 is not in {root.absolute()} (looked for {FOLDER}/ and {ARCHIVE})", get, key="data.root")
            fetch([URL], archive, MD5, cache.reporter, get)
        return _to_arrays(_read_archive(archive, names))


def _read_folder(folder: Path, names: Sequence[str]) -> dict[Path, bytes]:
    contents = {}
    for path in (folder / name for name in names):
        try:
            with path.open("rb") as file:
                contents[path] = file.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise UserError(f"{path} cannot be read: {error.strerror}", f"unpack {ARCHIVE} again", key="data.root") from error
    return contents


def _read_archive(archive: Path, names: Sequence[str]) -> dict[Path, bytes]:
    wanted = {f"{FOLDER}/{name}": archive / FOLDER / name for name in names}
    try:
        found = read_tar(archive, wanted, MAX_FILE_BYTES, MAX_ARCHIVE_BYTES)
    except BadArchive as error:
        raise UserError(f"{archive} cannot be read: {error}", "delete it and get it again", key="data.root") from error
    missing = [name for name in wanted if name not in found]
    if missing:
        raise UserError(f"{archive} lacks {', '.join(missing)}", "delete it and get it again", key="data.root")
    return {path: found[name] for name, path in wanted.items()}


def _to_arrays(contents: Mapping[Path, bytes]) -> dict[str, np.ndarray]:
    for path, content in contents.items():
        if not content or len(content) % RECORD_BYTES or len(content) > MAX_FILE_BYTES:
            size = f"more than {MAX_FILE_BYTES}" if len(content) > MAX_FILE_BYTES else len(content)
            raise UserError(
                f"{path} has {size} bytes, wanted a multiple of {RECORD_BYTES} up to {MAX_FILE_BYTES}",
                "delete it and get it again",
                key="data.root",
            )
    records = np.frombuffer(b"".join(contents.values()), np.uint8).reshape(-1, RECORD_BYTES)
    labels = records[:, 0].astype(np.int64)
    if labels.max() > 9:
        raise UserError(
            f"{next(iter(contents))} or its like holds the label {labels.max()}, wanted 0 to 9", "get them again", key="data.root"
        )
    return {"sample": np.ascontiguousarray(records[:, 1:]).reshape(-1, 3, 32, 32), "label": labels}
