"""Execution of updates: as they are, or recorded once for each kind of step as a CUDA graph and replayed from static buffers.

On a GPU the several hundred small kernels of a step take longer to launch than to run. Recorded as a CUDA graph they are
launched as one. A replay repeats what the device did, at the same addresses, and none of the Python in between; so batches
are copied into buffers that stay, and what may change between replays has to be a tensor that is changed in place.

Source: https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs, whole-network capture.
"""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from typing import TypeAlias

import torch
from torch import Tensor, nn

from ganzoo.errors import GanzooError
from ganzoo.fields import Fields
from ganzoo.registry import reason

from .moving import changed_parts, moving_parts
from .optimizers import why_not_recorded
from .randomness import host_random
from .run import Run

Update: TypeAlias = Callable[[], None]

WARM_UP = 3
"""Steps of each kind that run as they are before one is recorded: libraries choose their algorithms and allocate in them."""
MAX_GRAPHS = 32
"""Kinds of step that are recorded: a schedule with ever new values would fill the memory with graphs."""

ONLY_UNRECORDED = "torch/nn/modules/_functions.py"
"""Where SyncBatchNorm looks for empty shares of a batch: not while it is recorded."""


class UpdateRunner:
    """Runs the updates of a step, as they are."""

    deferred = False
    """Whether nothing may look at a tensor's value between two reads of the meter."""

    def copy_to_static(self, given: Sequence[Fields]) -> Sequence[Fields]:
        """``given`` where updates are to find it."""
        return given

    def run(self, kind: Hashable, update: Update) -> None:
        """Do ``update``; all updates of one ``kind`` do the same to the same tensors."""
        update()

    def forget(self) -> None:
        """From now on updates find other tensors: what was recorded is not replayed again."""


class GraphedUpdates(UpdateRunner):
    """Runs the first updates of a kind as they are, then records one and replays it ever after.

    A kind of update that cannot be recorded goes on as it is, and ``say`` is told why, once. Where an update moves what others
    have recorded, all do: the state of ``modules``, networks and losses, has to stay where it is.
    """

    deferred = True

    def __init__(self, recorder: CudaGraphs, modules: Sequence[nn.Module], say: Callable[[str], None]) -> None:
        self.recorder, self.modules, self.say = recorder, modules, say
        self.refused: dict[Hashable, str] = {}
        self._all_refused = False
        self._buffers: dict[Hashable, Tensor] = {}
        self._seen: dict[Hashable, int] = {}
        self._replays: dict[Hashable, Update] = {}

    def copy_to_static(self, given: Sequence[Fields]) -> Sequence[Fields]:
        """Copies in buffers that every later one is copied into; what is not a tensor stays as it is."""
        if self._all_refused:
            return given
        return [
            {name: self._copy((i, name), value) if isinstance(value, Tensor) else value for name, value in fields.items()}
            for i, fields in enumerate(given)
        ]

    def run(self, kind: Hashable, update: Update) -> None:
        """Replay it, or get it ready to be."""
        if kind in self._replays:
            self._replays[kind]()
        elif self._all_refused or kind in self.refused or len(self._replays) == MAX_GRAPHS:
            update()
        elif self._seen.setdefault(kind, 0) == WARM_UP:
            self._record(kind, update)
        else:
            self._warm_up(kind, update)

    def forget(self) -> None:
        """Warm up anew, and record again."""
        self._replays, self._seen = {}, {}

    def _copy(self, place: tuple[int, str], value: Tensor) -> Tensor:
        # Of each shape its own: networks may grow.
        key = (*place, value.shape, value.dtype)
        if key not in self._buffers:
            self._buffers[key] = torch.empty_like(value)
        return self._buffers[key].copy_(value, non_blocking=True)

    def _warm_up(self, kind: Hashable, update: Update) -> None:
        self._seen[kind] += 1
        before = moving_parts(self.modules)
        found = self.recorder.warm_up(update)
        # The first update of all makes what later ones find: gradients, caches, the state of the optimizers.
        if self._seen[kind] == WARM_UP:
            if changed := changed_parts(before, moving_parts(self.modules)):
                self._all_refused = True  # whatever is recorded may read what just moved
                self._replays.clear()
            self._refuse(kind, changed or found)

    def _record(self, kind: Hashable, update: Update) -> None:
        try:
            replay = self._replays[kind] = self.recorder.record(update)
        except RuntimeError as error:
            self._refuse(kind, " ".join(str(error).split())[:200] or type(error).__name__)
            return update()
        if len(self._replays) == MAX_GRAPHS:
            self.say(f"note: {MAX_GRAPHS} kinds of step are recorded as CUDA graphs; further ones run kernel by kernel, which is slower")
        replay()

    def _refuse(self, kind: Hashable, reason: str) -> None:
        if reason:
            if reason not in self.refused.values():
                self.say(f"note: updates run kernel by kernel, which is slower than as CUDA graphs, because {reason}")
            self.refused[kind] = reason


def choose_runner(run: Run, say: Callable[[str], None]) -> UpdateRunner:
    """How the updates of ``run`` are best run where it is; ``say`` takes a note."""
    if run.runtime.device.type != "cuda" or not run.config.train.cuda_graphs:
        return UpdateRunner()
    apart = "" if run.ranks.recorded else "the processes average their gradients without NCCL, which takes a GPU for each of them"
    reasons = [apart, *map(why_not_recorded, run.optimizers.values())]
    if why := next(filter(None, reasons), ""):
        say(f"note: updates run kernel by kernel, which is slower than as CUDA graphs, because {why}")
        return UpdateRunner()
    return GraphedUpdates(CudaGraphs(run.runtime.device), [run.generator, run.critic, *run.losses.values()], say)


class CudaGraphs:
    """Records updates as CUDA graphs, all of one memory pool.

    The pool may be shared because no two of them run at once, and what one leaves for another lies outside of it: batches in
    static buffers, sums and flags allocated before. Random numbers go on across replays: a graph takes the state of
    the device's generator when it is launched, and moves it on.
    """

    def __init__(self, device: torch.device) -> None:
        # One stream for warm-up and capture: gradients accumulate on the stream where a parameter was first used.
        self.stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self.pool = torch.cuda.graph_pool_handle()

    def warm_up(self, update: Update) -> str:
        """Do ``update`` on the stream of captures; returns what in it a replay would not repeat or wait for, or ""."""
        current = torch.cuda.current_stream(self.stream.device)
        self.stream.wait_stream(current)
        drawn, mode = host_random(), torch.cuda.get_sync_debug_mode()
        with warnings.catch_warnings(record=True) as said, torch.cuda.stream(self.stream):
            warnings.simplefilter("always")
            torch.cuda.set_sync_debug_mode("warn")
            try:
                update()
            finally:
                torch.cuda.set_sync_debug_mode(mode)
        current.wait_stream(self.stream)
        if host_random() != drawn:
            return "an update draws random numbers on the CPU, which a replay would not repeat"
        waits = [one for one in said if "called a synchronizing" in str(one.message) and not one.filename.endswith(ONLY_UNRECORDED)]
        return f"an update waits for the device ({waits[0].filename}:{waits[0].lineno})" if waits else ""

    def record(self, update: Update) -> Update:
        """What repeats ``update``, which is not done here.

        Raises:
            RuntimeError: where it cannot be captured; the device works as before.
            GanzooError: where it does not.
        """
        graph = torch.cuda.CUDAGraph()
        torch.cuda.synchronize(self.stream.device)
        gc.collect()  # freeing a tensor of another pool would end the capture
        torch.cuda.empty_cache()
        failures: list[BaseException] = []
        # Not torch.cuda.graph: where a capture fails that leaves its stream current and hides what went wrong.
        with torch.cuda.stream(self.stream):
            # thread_local: what another thread does meanwhile, such as pinning memory for the next batch, is none of its business.
            graph.capture_begin(pool=self.pool, capture_error_mode="thread_local")
            try:
                update()
            except BaseException as error:
                failures.append(error)
            try:
                graph.capture_end()
            except RuntimeError as error:
                failures.append(error)
                self._recover(failures[0])
        # To begin a capture sets the state of random numbers that a replay sets, too: without order between the two the noise could be old.
        torch.cuda.current_stream(self.stream.device).wait_stream(self.stream)
        if not failures:
            return graph.replay
        if not isinstance(failures[0], Exception):
            raise failures[0]
        raise RuntimeError(str(failures[0]) or type(failures[0]).__name__) from failures[0]

    def _recover(self, cause: BaseException) -> None:
        """Put right what a capture that could not be ended leaves behind in the allocator and in the device's random numbers.

        Raises:
            GanzooError: where that fails.
        """
        try:
            with suppress(RuntimeError, AttributeError):  # where the capture has ended it itself
                torch._C._cuda_endAllocateToPool(self.stream.device_index, self.pool)
            self.pool = torch.cuda.graph_pool_handle()
            # A capture that succeeds takes the generator of random numbers out of its state of being captured.
            tiny = torch.cuda.CUDAGraph()
            tiny.capture_begin(capture_error_mode="thread_local")
            torch.zeros(1, device=self.stream.device)
            tiny.capture_end()
            torch.randn(1, device=self.stream.device)
        except RuntimeError as error:
            why = f"recording a CUDA graph failed ({reason(cause)}), and the GPU with it"
            raise GanzooError(f"{why}; set train.cuda_graphs: false") from error
