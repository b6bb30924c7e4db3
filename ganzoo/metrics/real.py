"""The real samples that metrics compare with: which they are, and what they hash to.

Legend of shapes: N samples, C channels, H rows, W columns.
"""

from __future__ import annotations

import hashlib
import typing
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
from pydantic import ValidationError

from ganzoo.config import ResolvedPart
from ganzoo.data.cache import Cache
from ganzoo.data.dataset import Dataset
from ganzoo.data.order import Windows
from ganzoo.data.rows import Rows, scaled
from ganzoo.errors import UserError
from ganzoo.fields import DataSpec, Fields
from ganzoo.params import model_of, parameters_of, split_annotation
from ganzoo.ui.progress import Reporter

BATCH = 250
"""Samples in a batch: the most that is held of a stream."""


class RealSamples:
    """The splits of a data set, each read once, when it is first asked for.

    Args:
        data: the form that samples must have.
        read: the arrays of a split (None: those trained on) as ``Dataset.arrays`` gives them.
    """

    def __init__(self, data: DataSpec, read: Callable[[str | None], Mapping[str, Rows]]) -> None:
        self._data, self._read = data, read
        self._splits: dict[str | None, Mapping[str, Rows]] = {}
        self._hashes: dict[tuple[str | None, int, str], str] = {}

    def arrays(self, split: str | None = None) -> Mapping[str, Rows]:
        """Field -> (N, ...) of a split.

        Raises:
            UserError: where there is no such split, or it holds samples of another form.
        """
        if split not in self._splits:
            stored = self._read(split)
            arrays = Windows(self._read(None), self._data).centred(stored)
            shape = tuple(arrays["sample"].shape[1:])
            if shape != tuple(self._data.shape):
                which = f"the split '{split}'" if split else "the data"
                raise UserError(f"{which} has samples of shape {shape}, the run {tuple(self._data.shape)}", "repair the data")
            self._splits[split] = arrays
        return self._splits[split]

    def choose(self, n: int | None = None, split: str | None = None) -> np.ndarray:
        """Which ``n`` samples of a split are compared with: (n,) int64, ascending; None: all. The same ones each time.

        Raises:
            UserError: where it has fewer, or there is no such split.
        """
        count = len(self.arrays(split)["sample"])
        if n is None or n == count:
            return np.arange(count)
        if n > count:
            where = f"the split '{split}'" if split else "the data"
            raise UserError(f"{n} real samples are asked for, {where} has {count}", f"ask for at most {count}, or leave it out for all")
        # Drawn, because files may lie sorted by class; in order, because they are read from a disk.
        return np.sort(np.random.default_rng(0).permutation(count)[:n])

    def stream(self, chosen: np.ndarray, split: str | None, device: torch.device) -> Iterator[Fields]:
        """The ``chosen`` (n,) samples in batches, as metrics see them; never mirrored."""
        arrays = self.arrays(split)
        for start in range(0, len(chosen), BATCH):
            rows = chosen[start : start + BATCH]
            maps = self._data.class_maps
            found = {name: a[rows % len(a)] for name, a in arrays.items()}
            yield {name: to_float(a.astype(np.int64) if name in maps else a, device) for name, a in found.items()}

    def hash(self, chosen: np.ndarray, split: str | None, field: str = "sample") -> str:
        """sha256 of a field of the ``chosen`` samples, its type and shape: crop, size and order are in it."""
        key = (split, len(chosen), field)
        if key not in self._hashes:
            values = self.arrays(split)[field]
            digest = hashlib.sha256(f"{values.dtype} {values.shape[1:]}".encode())
            for start in range(0, len(chosen), 4 * BATCH):
                digest.update(np.ascontiguousarray(values[chosen[start : start + 4 * BATCH] % len(values)]).data)
            self._hashes[key] = digest.hexdigest()
        return self._hashes[key]


def read_split(part: ResolvedPart, split: str, reporter: Reporter) -> Mapping[str, Rows]:
    """The arrays of another split of the data set; errors as of ``split_of``."""
    return split_of(part, split).arrays(Cache(reporter=reporter))


def split_of(part: ResolvedPart, split: str) -> Dataset:
    """Another split of the data set.

    Raises:
        UserError: where it has no such split, saying which it has.
    """
    annotation = {parameter.name: parameter.annotation for parameter in parameters_of(part.cls)}.get("split")
    if annotation is None:
        raise UserError(f"the data set '{part.name}' has no splits, '{split}' is asked for", "leave split out")
    try:
        model_of(part.cls).model_validate({**part.params, "split": split})
    except ValidationError:
        known = ", ".join(map(str, typing.get_args(split_annotation(annotation)[0])))
        raise UserError(f"the data set '{part.name}' has no split '{split}'", f"it has: {known}") from None
    dataset: Dataset = part.cls(**{**part.params, "split": split})
    return dataset


def to_float(values: np.ndarray, device: torch.device) -> torch.Tensor:
    """An array of the data as metrics see it: uint8 and uint16 become float32 in [-1, 1], anything else stays as it is."""
    tensor = torch.from_numpy(np.ascontiguousarray(scaled(values))).to(device)
    return tensor.float().div_(127.5).sub_(1) if tensor.dtype == torch.uint8 else tensor
