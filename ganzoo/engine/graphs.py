"""Updates as CUDA graphs.

Source: https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs, whole-network capture.
"""

from __future__ import annotations

import gc
import random
import warnings
from contextlib import suppress
from typing import Any

import numpy as np
import torch

from ganzoo.errors import GanzooError
from ganzoo.registry import reason

from .optimizers import not_recordable
from .phases import Eager, Judged, Phases, Recorded, Say, Update
from .run import Run


def choose_phases(run: Run, say: Say) -> Phases:
    """How the updates of ``run`` are best run where it is; ``say`` takes a note."""
    if run.runtime.device.type != "cuda" or not run.config.train.cuda_graphs:
        return Eager()
    if run.ranks.size > 1:
        say("note: updates run kernel by kernel, which is slower than as CUDA graphs, because several processes average their gradients")
        return Eager()
    for optimizer in run.optimizers.values():
        if not_recordable(optimizer):
            name = type(optimizer).__name__
            say(f"note: updates run kernel by kernel, which is slower than as CUDA graphs, because {name} does not say 'capturable'")
            return Eager()
    return Recorded(CudaGraphs(run.runtime.device), [run.generator, run.critic, *run.losses.values()], say)


class CudaGraphs:
    """Records updates as CUDA graphs, all of one memory pool.

    The pool may be shared because no two of them run at once, and what one leaves for another lies outside of it: batches in
    static buffers, sums and flags allocated before. Random numbers go on across replays: a graph takes the state of
    the device's generator when it is launched, and moves it on.

    Args:
        device: the GPU.
    """

    def __init__(self, device: torch.device) -> None:
        # One stream for warm-up and capture: gradients accumulate on the stream where a parameter was first used.
        self.stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self.pool = torch.cuda.graph_pool_handle()

    def warm_up(self, update: Update) -> tuple[Judged, str]:
        """Do ``update`` on the stream of captures, and watch out for what waits for the device."""
        current = torch.cuda.current_stream(self.stream.device)
        self.stream.wait_stream(current)
        drawn, mode = host_random(), torch.cuda.get_sync_debug_mode()
        with warnings.catch_warnings(record=True) as said, torch.cuda.stream(self.stream):
            warnings.simplefilter("always")
            torch.cuda.set_sync_debug_mode("warn")
            try:
                judged = update()
            finally:
                torch.cuda.set_sync_debug_mode(mode)
        current.wait_stream(self.stream)
        if host_random() != drawn:
            return judged, "an update draws random numbers on the CPU, which a replay would not repeat"
        waits = [warning for warning in said if "called a synchronizing" in str(warning.message)]
        return judged, f"an update waits for the device ({waits[0].filename}:{waits[0].lineno})" if waits else ""

    def record(self, update: Update) -> Update:
        """Capture ``update``.

        Raises:
            RuntimeError: where it cannot be captured; the device works as before.
            GanzooError: where it does not.
        """
        graph = torch.cuda.CUDAGraph()
        torch.cuda.synchronize(self.stream.device)
        gc.collect()  # freeing a tensor of another pool would end the capture
        torch.cuda.empty_cache()
        judged: Judged = ()
        # Not torch.cuda.graph: where a capture fails that leaves its stream current and hides what went wrong.
        with torch.cuda.stream(self.stream):
            # thread_local: what another thread does meanwhile, such as pinning memory for the next batch, is none of its business.
            graph.capture_begin(pool=self.pool, capture_error_mode="thread_local")
            failures: list[BaseException] = []
            try:
                judged = update()
            except BaseException as error:
                failures.append(error)
            try:
                graph.capture_end()
            except RuntimeError as error:
                failures.append(error)
                self._recover(failures[0])
        for failure in failures[:1]:
            if not isinstance(failure, Exception):
                raise failure
            raise RuntimeError(str(failure) or type(failure).__name__) from failure

        def replay() -> Judged:
            graph.replay()
            return judged

        return replay

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


def host_random() -> list[Any]:
    """The state of the host's generators of random numbers."""
    return [torch.get_rng_state().tolist(), random.getstate(), str(np.random.get_state())]
