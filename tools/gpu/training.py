"""Runs for the stages: on the GPU as they are, on a CPU with a stand-in for CUDA graphs."""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ganzoo.config import parse_config, resolve
from ganzoo.engine import graphs
from ganzoo.engine.build import build
from ganzoo.engine.graphs import CudaGraphs, GraphedUpdates, Update, UpdateRunner
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.engine.run import Run
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter

GPU_BATCH, CPU_BATCH = 64, 4


class Keeps(CudaGraphs):
    """Stands in for CUDA graphs where there is no GPU: keeps the function.

    Args:
        tries: call the function when it is recorded, as a capture does, for a failure that was planted in it.
    """

    def __init__(self, tries: bool = False) -> None:
        self.tries, self.capturing = tries, False

    def warm_up(self, update: Update) -> str:
        """Call it."""
        update()
        return ""

    def record(self, update: Update) -> Update:
        """The function itself."""
        if self.tries:
            self.capturing = True
            try:
                update()
            finally:
                self.capturing = False
        return update


def recorded(run: Run, say: Callable[[str], None], recorder: Keeps | None = None) -> UpdateRunner:
    """The way in which updates of ``run`` are recorded: CUDA graphs, or on a CPU their stand-in."""
    if run.runtime.device.type == "cuda":
        return graphs.choose_runner(run, say)
    return GraphedUpdates(recorder or Keeps(), [run.generator, run.critic, *run.losses.values()], say)


def loop_of(
    text: str, rehearse: bool, *, precision: str = "fp32", graphed: bool = True, recorder: Keeps | None = None
) -> tuple[Loop, list[str]]:
    """A loop over a new run of the components in ``text``, and the notes that it has said or will say."""
    device, batch = ("cpu", CPU_BATCH) if rehearse else ("cuda", GPU_BATCH)
    train = f"steps: 1000, batch_size: {batch}, ema: 0.99, device: {device}, precision: {precision}, cuda_graphs: {str(graphed).lower()}"
    config = parse_config(f"{text}\ntrain: {{{train}}}")
    run, _ = build(config, resolve(config, Registry.installed()), reporter(quiet=True))
    notes: list[str] = []
    return Loop(run, Meter(), recorded(run, notes.append, recorder) if graphed else None), notes


def weights(run: Run) -> dict[str, Tensor]:
    """Copies of all that both networks hold, by name."""
    networks = {"generator": run.generator, "critic": run.critic}
    return {f"{side}.{name}": value.clone() for side, network in networks.items() for name, value in network.state_dict().items()}


def seed(number: int) -> None:
    """Seed every source of random numbers."""
    random.seed(number)
    np.random.seed(number)
    torch.manual_seed(number)


def figure(name: str, value: object) -> None:
    """A line that the summary repeats."""
    print(f"= {name}: {value}", flush=True)


def rehearsing(description: str | None, *more: str) -> argparse.Namespace:
    """The arguments of a stage: ``rehearse``, and those named."""
    parser = argparse.ArgumentParser(description=description)
    for name in more:
        parser.add_argument(name, nargs="?", default="")
    parser.add_argument("--rehearse", action="store_true", help="on the CPU, with small sizes")
    return parser.parse_args()


def synchronise(device: torch.device) -> None:
    """Wait for the device."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_each(work: Callable[[], object], times: int, device: torch.device) -> float:
    """Seconds of one call among ``times``, by the clock, after a few to warm up."""
    for _ in range(3):
        work()
    synchronise(device)
    started = time.perf_counter()
    for _ in range(times):
        work()
    synchronise(device)
    return (time.perf_counter() - started) / times
