"""The data's order: a pure function of (seed, epoch, index), so that a position is one integer and resuming is exact."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from ganzoo.data.rows import Rows, rows_of_a_chunk
from ganzoo.data.shards import Shards
from ganzoo.errors import UserError
from ganzoo.fields import DataSpec, Fields

from .ahead import Ahead
from .device import Runtime
from .distributed import Ranks


class Batches:
    """Endless batches of ``size`` samples; an epoch's last incomplete batch is left out.

    Images come as float (N, C, H, W) in [-1, 1], points in units of the data's scale, labels as int64 (N,).

    Args:
        arrays: field -> (N, ...) as ``Dataset.arrays`` gives them; what lies on a disk is read batch by batch.
        data: what they hold.
        size: samples a batch.
        seed: with the epoch, decides the order and the mirroring.
        flip: mirror images at random, left to right.
        runtime: where batches go. On a GPU the data lives there whole when it fits in half of the free memory. Where it does not,
            and where it lies on a disk, a background thread reads ahead.
        position: batches handed out so far. Reading ahead does not move it.
        ranks: each gets its share of each batch, in order: together they see the batches that one process alone would see. Of data
            in shards each draws its share from its own shards.

    Raises:
        UserError: where there are fewer samples than one batch takes, or a batch cannot be split evenly.
    """

    def __init__(
        self,
        arrays: Mapping[str, Rows],
        data: DataSpec,
        size: int,
        seed: int,
        flip: bool,
        runtime: Runtime,
        position: int = 0,
        ranks: Ranks | None = None,
    ) -> None:
        ranks = ranks or Ranks()
        self.count, self.share = len(arrays["sample"]), share_of(size, ranks)
        sharded = any(isinstance(array, Shards) for array in arrays.values())
        self._drawn = self.share if sharded else size  # samples that one batch takes of those in ``arrays``
        self._first = 0 if sharded else ranks.rank * self.share
        # Shards differ in length by images that were left out; an epoch ends for all ranks when it ends for the shortest.
        self._per_epoch = self.count // self._drawn
        if sharded:
            self._per_epoch = -ranks.agree(-self._per_epoch)
        if not self._per_epoch:
            whose, remedy = (
                "a process's shards have" if sharded else "the data has",
                f"set it to at most {self.count * size // self._drawn}",
            )
            raise UserError(f"{whose} {self.count} samples, fewer than one batch", remedy, key="train.batch_size")
        self._stream = [seed, ranks.rank + 1] if sharded else [seed]
        self.arrays, self.data, self.runtime = arrays, data, runtime
        self.size, self.seed, self.flip, self.position = size, seed, flip and data.is_image, position
        self._epoch: tuple[int, np.ndarray, np.ndarray] = (-1, np.empty(0, np.int64), np.empty(0, bool))
        self._on_gpu = runtime.device.type == "cuda"
        # As a tensor of the device: by a Python number CUDA multiplies with the inverse, which rounds otherwise than a CPU.
        self._half_range = torch.tensor(127.5, device=runtime.device)
        self._resident = self._put_on_device() if self._on_gpu else None
        slow = self._resident is None and (self._on_gpu or any(on_disk(array) for array in arrays.values()))
        self._ahead = Ahead(self._read) if slow else None

    def next(self) -> Fields:
        """This rank's ``share`` of the next batch; moves ``position`` on by one."""
        stored = self._ahead.take(self.position) if self._ahead else self._read(self.position)
        self.position += 1
        return {name: self._finish(name, value) for name, value in stored.items()}

    def fetch(self, indices: np.ndarray, mirrored: np.ndarray | None = None) -> Fields:
        """The samples at ``indices`` (n,), those where ``mirrored`` (n,) is true mirrored."""
        return {name: self._finish(name, self._gather(name, indices, mirrored)) for name in self.arrays}

    def _read(self, position: int) -> Fields:
        """This rank's share of the batch at ``position`` as it is stored, but mirrored. Pure: it may be called in the background."""
        epoch, index = divmod(position, self._per_epoch)
        _, order, mirrored = self._epoch if self._epoch[0] == epoch else self._start(epoch)
        first = index * self._drawn + self._first
        chosen = slice(first, first + self.share)
        return {name: self._gather(name, order[chosen], mirrored[chosen] if self.flip else None) for name in self.arrays}

    def _start(self, epoch: int) -> tuple[int, np.ndarray, np.ndarray]:
        """The order of an epoch (N,) and which samples are mirrored in it (N,); drawn once an epoch."""
        random = np.random.default_rng([*self._stream, epoch])
        self._epoch = (epoch, random.permutation(self.count), random.random(self.count) < 0.5)
        return self._epoch

    def _gather(self, name: str, indices: np.ndarray, mirrored: np.ndarray | None) -> Tensor:
        """One field at ``indices`` (n,): from the GPU, or in memory; there pinned where a GPU is waiting for it."""
        array = self.arrays[name]
        mirrors = mirrored is not None and array.dtype == np.uint8 and len(array.shape) == 4
        if self._resident is not None:
            value = self._resident[name][torch.from_numpy(indices).to(self.runtime.device, non_blocking=True)]
            if not mirrors:
                return value
            mask = torch.from_numpy(mirrored).to(self.runtime.device, non_blocking=True)
            return torch.where(mask[:, None, None, None], value.flip(-1), value)
        rows = np.ascontiguousarray(array[indices])
        if mirrors:  # seven times faster than torch.where on a CPU
            rows[mirrored] = rows[mirrored][..., ::-1]
        value = torch.from_numpy(rows)
        # torch keeps pinned buffers and uses each again only after the copy out of it: none is ever overwritten too early.
        return value.pin_memory() if self._on_gpu else value

    def _finish(self, name: str, value: Tensor) -> Tensor:
        value = value.to(self.runtime.device, non_blocking=True)
        if value.dtype == torch.uint8:
            value = value.float().div_(self._half_range).sub_(1)
        elif name == "sample" and self.data.scale != 1:
            value = value / self.data.scale
        return self.runtime.place(value)  # last: reordering floats takes half as long as reordering bytes

    def _put_on_device(self) -> dict[str, Tensor] | None:
        needed = sum(array.nbytes for array in self.arrays.values())
        free, _ = torch.cuda.mem_get_info(self.runtime.device)
        if needed > free // 2:
            return None
        return {name: uploaded(array, self.runtime.device) for name, array in self.arrays.items()}


def uploaded(array: Rows, device: torch.device) -> Tensor:
    """All rows of ``array`` on ``device``, read in parts: what lies on a disk is never in memory as a whole."""
    empty = torch.from_numpy(np.asarray(array[:0]))
    whole = torch.empty(array.shape, dtype=empty.dtype, device=device)
    step = rows_of_a_chunk(array)
    for start in range(0, len(array), step):
        whole[start : start + step] = torch.from_numpy(np.array(array[start : start + step]))
    return whole


def on_disk(array: Rows) -> bool:
    """Whether reading rows may have to wait for a disk."""
    return not isinstance(array, np.ndarray) or isinstance(array, np.memmap)


def share_of(size: int, ranks: Ranks) -> int:
    """How many samples of a batch of ``size`` each rank gets.

    Raises:
        UserError: where it cannot be split evenly, naming the nearest sizes that can.
    """
    share, rest = divmod(size, ranks.size)
    if rest:
        nearest = f"{size - rest} or {size - rest + ranks.size}" if share else str(ranks.size)
        raise UserError(
            f"a batch of {size} cannot be split evenly over {ranks.size} processes", f"set it to {nearest}", key="train.batch_size"
        )
    return share
