"""Arrays in a file, read by name: .npz and .npy by numpy, without pickles, and HDF5 by h5py."""

from __future__ import annotations

import importlib
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo import UserError

HDF5 = b"\x89HDF\r\n\x1a\n"
DAMAGED = (OSError, ValueError, KeyError, EOFError, MemoryError, zipfile.BadZipFile)
MOST = 8
"""Arrays that are named in a message."""


class ArrayFile:
    """The arrays of a file, with their shapes; each process opens an HDF5 file for itself.

    Args:
        path: the file.

    Raises:
        UserError: where it cannot be read, or h5py is missing for it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            self._is_hdf5 = file.read(len(HDF5)) == HDF5
        self._opened: tuple[int, Any] = (-1, None)
        self._read: dict[str, np.ndarray] = {}
        try:
            self.shapes = self._shapes()
        except DAMAGED as error:
            raise self._refusal(error) from error

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
        """Entries of an array."""
        source = self._file()[name] if self._is_hdf5 else self.whole(name)
        return np.asarray(source[start:stop])

    def whole(self, name: str) -> np.ndarray:
        """An array. Raises UserError where it is damaged, or pickled."""
        if name not in self._read:
            try:
                self._read[name] = np.asarray(self._file()[name][...] if self._is_hdf5 else self._file()[name])
            except DAMAGED as error:
                raise self._refusal(error) from error
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
            try:
                h5py = importlib.import_module("h5py")  # optional, and without types
            except ImportError as error:
                what = f"{self.path.absolute()} is an HDF5 file, which is read by h5py, and that is not installed"
                raise UserError(what, "pip install h5py", key="data.file") from error
            return h5py.File(self.path, "r")
        opened = np.load(self.path, mmap_mode="r", allow_pickle=False)
        return {"arr_0": opened} if isinstance(opened, np.ndarray) else opened

    def _refusal(self, error: BaseException) -> UserError:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:120] or type(error).__name__
        what = f"{self.path.absolute()} cannot be read as .npz, .npy or HDF5: {reason}"
        return UserError(what, "write it again, with plain arrays", key="data.file")
