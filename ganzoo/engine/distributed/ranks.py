"""Communication between the processes of one training; a process that is alone tells nobody anything, at no cost.

``torchrun`` starts the processes and says in their environment who they are. They talk over gloo; gradients on GPUs go
over NCCL. Rank 0 is the main one: it alone writes and prints.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ganzoo.errors import GanzooError
from ganzoo.rules import Loss
from ganzoo.rundir.checkpoint import State, decode, encode

from .whole_batch import GradientMean, MeanOverRanks, synchronise

PATIENCE = timedelta(hours=24)
"""How long a rank waits for the others: another may be measuring. A rank that dies is noticed at once all the same."""
COURTESY = timedelta(seconds=10)
"""How long a rank that fails waits for rank 0 to fail likewise, and to say why."""
SECONDS = 0.2
"""How long a signal may stay unknown to the other ranks, about; a step that takes longer ends first."""
FAILED = "ganzoo/failed"
"""Counts the ranks that failed: the first of them speaks for all."""


class PeerLostError(GanzooError):
    """Another process of the run is gone: this one cannot go on."""


class Ranks:
    """A run of one process: every method does nothing, so that nobody has to ask how many there are."""

    rank: int = 0
    """Which of the processes this is, from 0."""
    size: int = 1
    """How many processes there are."""
    local_rank: int | None = None
    """Which of those on this machine this is, from 0; None where this process is alone."""

    @property
    def is_main(self) -> bool:
        """Whether this process writes and prints."""
        return self.rank == 0

    synchronises = False
    """Whether batch norm takes its statistics from the whole batch."""
    recorded = True
    """Whether what the processes tell each other within a step can be recorded as part of a CUDA graph."""

    def connect(self, device: torch.device) -> None:
        """Choose the way that gradients take between parameters on ``device``."""

    def synchronise_norms(self, network: nn.Module) -> None:
        """Let batch norm take its statistics from the whole batch, where that is possible: between GPUs."""

    def broadcast(self, tensors: Iterable[Tensor]) -> None:
        """Put rank 0's values in the tensors' place."""

    def gradient_mean(self, parameters: Sequence[nn.Parameter]) -> Callable[[Tensor], Tensor]:
        """What averages the gradients of ``parameters`` over the ranks: see ``GradientMean``."""
        return lambda total: total

    def mean(self, values: Tensor) -> Tensor:
        """The mean of ``values`` over the ranks, with its gradient."""
        return values

    def average_numbers(self, loss: Loss) -> None:
        """Put the mean over the ranks into the scalar float buffers of ``loss``, of which each rank would else have its own."""

    def gather_object(self, state: State) -> list[State]:
        """Each rank's ``state`` on rank 0, in order; [] on the others."""
        return [state]

    def broadcast_object(self, state: State) -> State:
        """Rank 0's ``state``, on all."""
        return state

    def all_reduce_max(self, number: int) -> int:
        """The largest of the ranks' numbers: a signal that one of them got stops all of them at the same step."""
        return number

    def signal(self, own: int, now: bool) -> int:
        """Any rank's signal, known to all after the same step: at once if all say ``now``, else within ``SECONDS`` or so; 0 for none."""
        return own

    def differing(self, tensors: Mapping[str, Tensor]) -> str:
        """The name of the first of ``tensors`` that is not the same on all ranks, bit for bit; "" where all are."""
        return ""


class ManyRanks(Ranks):
    """One of several processes, which meet at ``store``.

    Raises:
        GanzooError: where they cannot reach each other.
    """

    def __init__(self, store: dist.Store, rank: int, size: int, local_rank: int) -> None:
        self.rank, self.size, self.local_rank, self._store = rank, size, local_rank, store
        try:
            dist.init_process_group("gloo", store=store, rank=rank, world_size=size, timeout=PATIENCE)
        except RuntimeError as error:
            what = f"rank {rank} cannot reach the other processes ({first_line(error)})"
            raise GanzooError(f"{what}; name the network between the machines in GLOO_SOCKET_IFNAME") from error
        self.lost_peer = False
        self._every, self._steps, self._since = 1, 0, time.perf_counter()  # see signal
        # Gradients and batch norm on GPUs go over this one; None: the group of all, over gloo.
        self._gpus: dist.ProcessGroup | None = None
        self.synchronises = self.recorded = False

    def connect(self, device: torch.device) -> None:
        """NCCL where each rank has a GPU of its own, else gloo."""
        self.synchronises = device.type == "cuda"
        place = str(torch.cuda.get_device_properties(device).uuid) if self.synchronises else ""
        places = self.broadcast_object({"all": [each["place"] for each in self.gather_object({"place": place})]})["all"]
        if self.synchronises and len(set(places)) == self.size and dist.is_nccl_available():
            self._gpus = dist.new_group(backend="nccl")  # type: ignore[assignment]
            self.recorded = True

    def synchronise_norms(self, network: nn.Module) -> None:
        """As ``synchronise``, which torch can do on GPUs only."""
        if self.synchronises:
            synchronise(network, self._gpus)

    def broadcast(self, tensors: Iterable[Tensor]) -> None:
        """One after the other: it is done once."""
        with torch.no_grad(), self._together():
            for tensor in tensors:
                value = tensor.detach().contiguous()
                dist.broadcast(value, 0, group=self._group_of(value))
                tensor.copy_(value)

    def gradient_mean(self, parameters: Sequence[nn.Parameter]) -> Callable[[Tensor], Tensor]:
        """One all-reduce a backward."""
        return GradientMean(parameters, self._sum, self.size)

    def mean(self, values: Tensor) -> Tensor:
        """One all-reduce, and one more for a gradient."""
        mean: Tensor = MeanOverRanks.apply(values, self._sum, self.size)
        return mean

    def average_numbers(self, loss: Loss) -> None:
        """One all-reduce a buffer."""
        for value in loss.state().values():
            if value.dim() == 0 and value.is_floating_point():
                value.copy_(self.mean(value))

    def gather_object(self, state: State) -> list[State]:
        """As checkpoints are written: tensors and primitives, nothing that is executed."""
        content = torch.frombuffer(bytearray(encode(state)), dtype=torch.uint8)
        with self._together():
            lengths = [torch.zeros(1, dtype=torch.int64) for _ in range(self.size)]
            dist.all_gather(lengths, torch.tensor([len(content)]))
            room = max(int(length) for length in lengths)
            padded = torch.cat([content, content.new_zeros(room - len(content))])
            received = [torch.empty_like(padded) for _ in lengths] if self.is_main else None
            dist.gather(padded, received, 0)
        return [
            decode(value[: int(length)].numpy().tobytes(), f"the state of rank {rank}")
            for rank, (value, length) in enumerate(zip(received or [], lengths, strict=False))
        ]

    def broadcast_object(self, state: State) -> State:
        """As checkpoints are written."""
        content = torch.frombuffer(bytearray(encode(state)), dtype=torch.uint8) if self.is_main else torch.empty(0, dtype=torch.uint8)
        length = self.all_reduce_max(len(content))
        content = content if self.is_main else torch.empty(length, dtype=torch.uint8)
        with self._together():
            dist.broadcast(content, 0)
        return state if self.is_main else decode(content.numpy().tobytes(), "the state of rank 0")

    def all_reduce_max(self, number: int) -> int:
        """Over gloo, so that no GPU is waited for."""
        value = torch.tensor([number])
        with self._together():
            dist.all_reduce(value, dist.ReduceOp.MAX)
        return int(value)

    def signal(self, own: int, now: bool) -> int:
        """As often as the slowest rank's steps make ``SECONDS``: every exchange makes all wait for one."""
        self._steps += 1
        if not now and self._steps < self._every:
            return 0
        taken = self.all_reduce_max(int((time.perf_counter() - self._since) * 1e6 / self._steps))
        self._every, self._steps, self._since = max(int(SECONDS * 1e6 / max(taken, 1)), 1), 0, time.perf_counter()
        return self.all_reduce_max(own)

    def differing(self, tensors: Mapping[str, Tensor]) -> str:
        """Compares a checksum of each: eight bytes a tensor are sent."""
        own = torch.stack([checksum(value) for value in tensors.values()]).cpu()
        high, low = extremes = torch.stack([own, -own])  # the lowest is that whose negative is highest
        with self._together():
            dist.all_reduce(extremes, dist.ReduceOp.MAX)
        return next((name for name, same in zip(tensors, (high == -low).tolist(), strict=True) if not same), "")

    def is_first_to_fail(self) -> bool:
        """Whether this process, which fails, is the first that does: the others fail for the same reason, or because of it.

        Rank 0 goes before the others, as it has books to close, and torchrun ends all when the first of them is gone.
        """
        try:
            if not self.is_main and not self.lost_peer:
                with suppress(RuntimeError):  # rank 0 has no reason to fail: this rank speaks
                    self._store.wait([f"{FAILED}/leader"], COURTESY)
            first = int(self._store.add(FAILED, 1)) == 1
            if self.is_main:
                self._store.set(f"{FAILED}/leader", "")
            return first
        except RuntimeError:  # the store went with the process that held it
            return True

    def leave(self) -> None:
        """Wait for the others, then part. Without the wait, torchrun would take the first to leave for a failure."""
        with self._together():
            dist.barrier()
        dist.destroy_process_group()

    @contextmanager
    def _together(self) -> Iterator[None]:
        """Say in our words what gloo and NCCL say when another process is gone.

        Raises:
            PeerLostError: in place of theirs.
        """
        try:
            yield
        except RuntimeError as error:
            self.lost_peer = True
            what = f"another process of this run is gone ({first_line(error)})"
            raise PeerLostError(f"{what}; run again with --resume to go on from the last checkpoint") from error

    def _sum(self, values: Tensor) -> None:
        with self._together():
            dist.all_reduce(values, group=self._group_of(values))

    def _group_of(self, values: Tensor) -> dist.ProcessGroup | None:
        return self._gpus if values.device.type == "cuda" else None


def checksum(tensor: Tensor) -> Tensor:
    """A number (int64, on the tensor's device) that any change of one element changes: the sum of the bits as integers."""
    integers = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[tensor.element_size()]
    return tensor.detach().contiguous().view(-1).view(integers).sum(dtype=torch.int64)


def first_line(error: Exception) -> str:
    """The first line of what an exception says, shortened."""
    return (str(error).splitlines() or [type(error).__name__])[0][:160]
