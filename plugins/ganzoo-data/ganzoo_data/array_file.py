"""Arrays in a file, read by name: .npz and .npy by numpy, without pickles, HDF5 by h5py, and TIFF by tifffile."""

from __future__ import annotations

import importlib
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo import UserError

HDF5 = b"\x89HDF\r\n\x1a\n"
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
MOST = 8
"""Arrays that are named in a message."""


class ArrayFile:
    """The arrays of a file, with their shapes; each process opens an HDF5 file for itself.

    Args:
        path: the file.

    Raises:
        UserError: where it cannot be read, or h5py or tifffile is missing for it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            head = file.read(len(HDF5))
        self._is_hdf5, self._is_tiff = head == HDF5, head[:4] in TIFF
        self._opened: tuple[int, Any] = (-1, None)
        self._read: dict[str, np.ndarray] = {}
        with self._reading():
            self.shapes = self._shapes()

    def __str__(self) -> str:
        return str(self.path.absolute())

    def described(self) -> str:
        """The arrays with their shapes, for a message."""
        named = [f"{name} {'x'.join(map(str, shape)) or 'a number'}" for name, shape in list(self.shapes.items())[:MOST]]
        return ", ".join(named + [f"{len(self.shapes) - MOST} more"] * (len(self.shapes) > MOST)) or "no arrays"

    def row(self, name: str, index: int) -> np.ndarray:
        """One entry of an array."""
        source = self._file()[name] if self._is_hdf5 else self.whole(name)
        return np.asarray(source[index])

    def rows(self, name: str, start: int, stop: int) -> np.ndarray:
        """Entries of an array. Raises UserError where it is damaged, or pickled."""
        with self._reading():
            source = self._file()[name] if self._is_hdf5 else self.whole(name)
            return np.asarray(source[start:stop])

    def whole(self, name: str) -> np.ndarray:
        """An array. Raises UserError where it is damaged, or pickled."""
        if name not in self._read:
            with self._reading():
                self._read[name] = np.asarray(self._file()[name][...] if self._is_hdf5 else self._file()[name])
        return self._read[name]

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        if self._is_hdf5:
            self._file().visititems(lambda name, item: found.__setitem__(name, tuple(item.shape)) if hasattr(item, "shape") else None)
            return found
        opened = self._file()
        if isinstance(opened, dict):
            return {name: array.shape for name, array in opened.items()}
        for name in opened.files:
            with opened.zip.open(f"{name}.npy" if f"{name}.npy" in opened.zip.namelist() else name) as member:
                version = np.lib.format.read_magic(member)
                read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
                found[name] = tuple(read(member)[0])
        return found

    def _file(self) -> Any:
        if self._opened[0] != os.getpid() and (self._is_hdf5 or self._opened[0] == -1):
            self._opened = (os.getpid(), self._open())
        return self._opened[1]

    def _open(self) -> Any:
        if self._is_hdf5:
            return self._module("h5py", "an HDF5 file").File(self.path, "r")
        if self._is_tiff:
            return {"arr_0": np.asarray(self._module("tifffile", "a TIFF").imread(self.path))}
        opened = np.load(self.path, mmap_mode="r", allow_pickle=False)
        return {"arr_0": opened} if isinstance(opened, np.ndarray) else opened

    def _module(self, name: str, kind: str) -> Any:
        """What reads the file: optional, and without types."""
        try:
            return importlib.import_module(name)
        except ImportError as error:
            what = f"{self.path.absolute()} is {kind}, which is read by {name}, and that is not installed"
            raise UserError(what, f"pip install {name}", key="data.file") from error

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Raise a UserError for what a damaged file makes numpy, h5py and tifffile raise: nearly anything."""
        try:
            yield
        except UserError:
            raise
        except Exception as error:
            reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:120] or type(error).__name__
            what = f"{self.path.absolute()} cannot be read as .npz, .npy, HDF5 or TIFF: {reason}"
            raise UserError(what, "write it again, with plain arrays", key="data.file") from error


class ArrayRows:
    """The entries of an array, read when they are asked for.

    Args:
        content: the file.
        name: of the array.
    """

    def __init__(self, content: ArrayFile, name: str) -> None:
        self._content, self._name, self.shape = content, name, content.shapes[name]
        self.dtype = content.rows(name, 0, 1).dtype
        self.nbytes = math.prod(self.shape) * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, picked: Any) -> np.ndarray:
        numbers = np.arange(len(self))[picked]
        if np.ndim(numbers) == 0:
            return self._content.row(self._name, int(numbers))
        found = [self._content.row(self._name, number) for number in numbers.tolist()]
        return np.stack(found) if found else np.empty((0, *self.shape[1:]), self.dtype)
