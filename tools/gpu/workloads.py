"""The workloads of ``tools/bench`` as the stages train them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from benchmarks.speed import cuda
from benchmarks.speed.workloads import WORKLOADS

from ganzoo.engine import graphs
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.engine.run import Run

from .training import recorded


def steps(
    name: str,
    batch: int,
    device: torch.device,
    *,
    narrow: bool = False,
    more: str = "",
    prepare: Callable[[Run], None] | None = None,
    notes: list[str] | None = None,
) -> Iterator[int]:
    """Steps of a run on noise, recorded; each item is the number of its images.

    Args:
        name: the workload.
        batch: samples in a batch.
        device: where it trains.
        narrow: with networks small enough for a rehearsal.
        more: further keys of ``train``, each with a comma before it.
        prepare: changes the run before its first step.
        notes: takes what is said of the recording.
    """
    components = WORKLOADS[name].config
    run = cuda.noise_run(components.replace("width: 64", "width: 4") if narrow else components, batch, device, True, more)
    if prepare:
        prepare(run)
    loop = Loop(run, Meter(), recorded(run, (notes if notes is not None else []).append))
    while True:
        loop.step()
        yield batch * WORKLOADS[name].critic_updates


def pretend_graphs() -> None:
    """For a rehearsal: let everything in this process record with the stand-in."""
    graphs.choose_runner = recorded
