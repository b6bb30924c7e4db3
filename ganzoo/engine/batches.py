"""Batches of a data set in an order that is a pure function of (seed, epoch, index): a position is one integer, resuming exact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from ganzoo.data.order import Order, Windows, number_of
from ganzoo.data.rows import Rows, rows_of_a_chunk, scaled
from ganzoo.errors import UserError
from ganzoo.fields import DataSpec, Fields
from ganzoo.tensors import has_samples

from .device import Runtime
from .distributed.ranks import Ranks

DEPTH = 2
"""Batches read ahead: one may come late from the disk while the other is at hand. More would only hold memory."""
INDEX, MIRRORED, WINDOW = "#index", "#mirrored", "#window"
"""What stands for a batch whose data lives on the GPU: rows (n,) int64, which of them are mirrored (n,) bool, and where their windows
lie (n, 2). Of an independent field, its name is behind it."""


class SampleReader:
    """The rows of a data set, which ``Dataset.arrays`` gives, as networks take them.

    Images come as float (N, C, H, W) in [-1, 1], points in units of the data's scale, labels (N,) and class maps as int64.
    What lies on a disk is read when it is asked for.
    """

    def __init__(self, arrays: Mapping[str, Rows], data: DataSpec, runtime: Runtime) -> None:
        self.arrays, self.data, self.runtime = arrays, data, runtime
        self.count = len(arrays["sample"])
        self.windows = Windows(arrays, data)
        self._resident: dict[str, Tensor] = {}
        # As a tensor of the device: by a Python number CUDA multiplies with the inverse, which rounds otherwise than a CPU.
        self._half_range = torch.tensor(127.5, device=runtime.device)

    def fetch(self, indices: np.ndarray) -> Fields:
        """The samples at ``indices`` (n,): of pictures larger than those trained on, the middle."""
        return self.finish({name: self._gather(name, indices % len(array), {}) for name, array in self.arrays.items()})

    def finish(self, stored: Fields) -> Fields:
        """Samples on the device, of what is stored of them. On a GPU that holds the data, nothing of it waits for the host."""
        if INDEX in stored:
            stored = {name: self._pick(name, value, stored) for name, value in self._resident.items()}
        return {name: self._finish(name, value) for name, value in stored.items()}

    def _group(self, name: str) -> str:
        """The field itself where it is independent; "" where it is drawn with "sample"."""
        return name if name in self.data.independent else ""

    def _pick(self, name: str, resident: Tensor, chosen: Fields) -> Tensor:
        """The rows of a field that lives on the GPU."""
        group = self._group(name)
        rows: Tensor = self.windows.cut(name, resident[chosen[INDEX + group]], chosen.get(WINDOW + group))
        mirrored = chosen.get(MIRRORED + group)
        if mirrored is None or not self._mirrors(name):
            return rows
        return torch.where(mirrored.view(-1, *[1] * (rows.ndim - 1)), rows.flip(-1), rows)

    def _finish(self, name: str, value: Tensor) -> Tensor:
        value = value.to(self.runtime.device, non_blocking=True)
        if name in self.data.class_maps:
            value = value.long()
        elif value.dtype == torch.uint8:
            value = value.float().div_(self._half_range).sub_(1)
        elif name == "sample" and self.data.scale != 1:
            value = value / self.data.scale
        return self.runtime.to_device(value)  # last: reordering floats takes half as long as reordering bytes

    def _mirrors(self, name: str) -> bool:
        """Whether a field has rows and columns, to be mirrored with the images: (N, C, H, W), a class map, or (N, H, W) of their size."""
        shape, edges = self.arrays[name].shape, self.arrays["sample"].shape[-2:]
        return len(shape) == 4 or (len(shape) == 3 and (shape[-2:] == edges or name in self.data.class_maps))

    def _gather(self, name: str, indices: np.ndarray, drawn: Mapping[str, np.ndarray]) -> Tensor:
        """One field at ``indices`` (n,) in memory, as ``drawn``; pinned where a GPU is waiting for it."""
        rows = np.ascontiguousarray(scaled(self.windows.cut(name, self.arrays[name][indices], drawn.get("window"))))
        mirrored = drawn.get("mirrored")
        if mirrored is not None and self._mirrors(name):  # seven times faster than torch.where on a CPU
            rows[mirrored] = rows[mirrored][..., ::-1]
        value = torch.from_numpy(rows)
        # torch keeps pinned buffers and uses each again only after the copy out of it: none is ever overwritten too early.
        return value.pin_memory() if self.runtime.device.type == "cuda" else value


class Batches(SampleReader):
    """Endless batches of ``size`` samples, in an order and mirroring (``flip``) that seed and epoch decide.

    An epoch's last incomplete batch is left out; batches of another size go on from one epoch to the next. On a GPU the data lives
    there whole when it fits in half of the free memory; where it does not, and where it lies on a disk, a background thread reads
    ahead. ``position`` counts samples handed out, to all ranks: reading ahead does not move it. Each rank gets its share of each
    batch, in order: together they see the batches that one process alone would see. Where ``arrays`` are this rank's alone
    (``apart``), it draws its share from its own.

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
        apart: bool = False,
    ) -> None:
        super().__init__(arrays, data, runtime)
        self.ranks = ranks = ranks or Ranks()
        self.share = share_of(size, ranks)
        drawn = self.share if apart else size  # samples that one batch takes of those in ``arrays``
        self.size, self.seed, self.position, self._apart = size, seed, position, apart
        self._orders: dict[str, Order] = {}
        for name in ("", *data.independent):
            count = len(arrays[name or "sample"])
            # Ranks may have unequal numbers of samples; an epoch ends for all ranks when it ends for the shortest.
            per_epoch = -ranks.all_reduce_max(-(count // drawn)) if apart else count // drawn
            if not per_epoch:
                whose = "a process has" if apart else f"the data's field '{name}' has" if name else "the data has"
                remedy = f"set it to at most {count * size // drawn}"
                raise UserError(f"{whose} {count} samples, fewer than one batch", remedy, key="train.batch_size")
            stream = [seed, *([number_of(name)] if name else []), *([ranks.rank + 1] if apart else [])]
            self._orders[name] = Order(count, per_epoch * drawn, stream, flip and data.is_image, self.windows.steps.get(name, (0, 0)))
        self._there: dict[str, tuple[int, Fields]] = {}
        on_gpu = runtime.device.type == "cuda"
        if on_gpu and sum(array.nbytes for array in arrays.values()) <= torch.cuda.mem_get_info(runtime.device)[0] // 2:
            self._resident = {name: uploaded(array, runtime.device) for name, array in arrays.items()}
        slow = not self._resident and (on_gpu or any(on_disk(array) for array in arrays.values()))
        self._ahead = Ahead(self._read) if slow else None

    def next(self, size: int | None = None) -> Fields:
        """This rank's share of the next batch, of ``size`` samples; moves ``position`` on by as many."""
        return self.finish(self.take(size))

    def take(self, size: int | None = None) -> Fields:
        """The same, as ``finish`` takes it: rows as they are stored, or on a GPU that holds the data their numbers."""
        size = size or self.size
        stored = self._ahead.take(self.position, size) if self._ahead else self._read(self.position, size)
        self.position += size
        return {name: value.to(self.runtime.device, non_blocking=True) for name, value in stored.items()}

    def _read(self, position: int, size: int) -> Fields:
        """This rank's share of a batch as it is stored, but mirrored. Pure: it may be called in the background."""
        share, rank = size // self.ranks.size, self.ranks.rank
        first = position // self.ranks.size if self._apart else position + rank * share
        if self._resident:
            return {name: value for group in self._orders for name, value in self._order_there(group, first, share).items()}
        drawn = {}
        for group, order in self._orders.items():
            pieces = [{name: value[chosen] for name, value in order.epoch(epoch).items()} for epoch, chosen in order.at(first, share)]
            drawn[group] = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
        groups = {name: drawn[self._group(name)] for name in self.arrays}
        return {name: self._gather(name, own["index"], own) for name, own in groups.items()}

    def _order_there(self, group: str, first: int, share: int) -> Fields:
        """What stands for a share of a batch, of an order that is on the GPU for its whole epoch."""
        pieces = []
        for epoch, chosen in self._orders[group].at(first, share):
            if group not in self._there or self._there[group][0] != epoch:
                values = self._orders[group].epoch(epoch).items()
                device = self.runtime.device
                there = {f"#{name}{group}": torch.from_numpy(v).pin_memory().to(device, non_blocking=True) for name, v in values}
                self._there[group] = (epoch, there)
            pieces.append({name: value[chosen] for name, value in self._there[group][1].items()})
        return pieces[0] if len(pieces) == 1 else {name: torch.cat([piece[name] for piece in pieces]) for name in pieces[0]}


def cut(fields: Fields, n: int) -> list[Fields]:
    """``n`` equal parts of a batch; what a plan says is in each of them."""
    if n == 1:
        return [fields]
    pieces = {name: value.chunk(n) if has_samples(value) else [value] * n for name, value in fields.items()}
    return [{name: value[i] for name, value in pieces.items()} for i in range(n)]


class Ahead:
    """Reads batches before they are asked for, in one background thread, in order, as if all had the size of the one that is.

    It has no position of its own: whoever takes says where. So what was read ahead is never part of a run's state, and a run
    that is resumed elsewhere takes from there. ``read`` is a pure function of a position and a size.
    """

    def __init__(self, read: Callable[[int, int], Fields], depth: int = DEPTH) -> None:
        self._read, self._depth = read, depth
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="read-ahead")
        self._pending: dict[tuple[int, int], Future[Fields]] = {}

    def take(self, position: int, size: int) -> Fields:
        """The batch of ``size`` at ``position``. Raises what reading it raised."""
        wanted = [(position + i * size, size) for i in range(1 + self._depth)]
        for elsewhere in self._pending.keys() - set(wanted):
            self._pending.pop(elsewhere).cancel()
        for batch in wanted:
            if batch not in self._pending:
                self._pending[batch] = self._thread.submit(self._read, *batch)
        return self._pending.pop(wanted[0]).result()


def on_disk(array: Rows) -> bool:
    """Whether reading rows may have to wait for a disk."""
    return not isinstance(array, np.ndarray) or isinstance(array, np.memmap)


def uploaded(array: Rows, device: torch.device) -> Tensor:
    """All rows of ``array`` on ``device``, read in parts: what lies on a disk is never in memory as a whole."""
    dtype = torch.from_numpy(scaled(np.empty(0, array.dtype))).dtype
    whole = torch.empty(array.shape, dtype=dtype, device=device)
    step = rows_of_a_chunk(array)
    for start in range(0, len(array), step):
        whole[start : start + step] = torch.from_numpy(scaled(np.array(array[start : start + step])))
    return whole


def share_of(size: int, ranks: Ranks) -> int:
    """How many samples of a batch of ``size`` each rank gets.

    Raises:
        UserError: where it cannot be split evenly, naming the nearest sizes that can.
    """
    share, rest = divmod(size, ranks.size)
    if rest:
        nearest = f"{size - rest} or {size - rest + ranks.size}" if share else str(ranks.size)
        what = f"a batch of {size} cannot be split evenly over {ranks.size} processes"
        raise UserError(what, f"set it to {nearest}", key="train.batch_size")
    return share
