"""On a GPU: updates as CUDA graphs against the same updates launched kernel by kernel, and the textbook's loop.

Data is made here, noise as uint8 on the GPU, so that one command on a machine with nothing but ganzoo and a GPU does.
"""

from __future__ import annotations

import gc
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from ganzoo.errors import UserError

from . import textbook
from .images import Pictures
from .page import table
from .workloads import BATCH, WORKLOADS

if TYPE_CHECKING:
    from ganzoo.engine.run import Run

NAMES = ("dcgan64", "wgan_gp64")
BATCHES = (64, 256, 1024)
H200_BARS = {("dcgan64", 64): 80e3, ("dcgan64", 1024): 130e3, ("wgan_gp64", 64): 70e3, ("wgan_gp64", 1024): 110e3}
"""Images a second that an H200 should reach; on another card they are shown and not judged."""
GRAPHS_OVER_EAGER = 2.0
"""At batch 64."""
HEAD = ("Workload", "Batch", "Loop", "Images/s", "Waits a step", "Peak memory, MB", "To eager", "To textbook", "Bar", "Verdict")


@dataclass(frozen=True)
class Found:
    """One loop on one batch size.

    Args:
        rate: images a second, by the clock.
        waits: times a step that the host waited for the device.
        memory: most bytes taken from the device, with the memory that the graphs keep.
    """

    rate: float
    waits: float
    memory: float


@dataclass(frozen=True)
class Effort:
    """How much of a loop is measured.

    Args:
        seconds: of a loop, after its warm-up.
        warm_up: steps: the warm-up of each kind of update, its capture, and a replay.
        between: steps at batch 64 between two looks at the clock; fewer where batches are larger.
        batches: their sizes.
    """

    seconds: float = 5.0
    warm_up: int = 12
    between: int = 20
    batches: Sequence[int] = BATCHES


QUICK = Effort(seconds=0.2, batches=BATCHES[:1])


def measure(effort: Effort, say: Callable[[str], None], device: torch.device | None = None) -> list[str]:
    """All loops on all batch sizes, as tables.

    Args:
        effort: how much of each is measured.
        say: takes a line of progress.
        device: where; None: the GPU. On a CPU it is a rehearsal, which says nothing of speed.

    Raises:
        UserError: where there is no GPU.
    """
    if device is None and not torch.cuda.is_available():
        raise UserError("torch finds no CUDA device here", "leave --device out, or run it on a machine with a GPU", key="--device")
    device = device or torch.device("cuda", torch.cuda.current_device())
    card = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    torch.backends.cudnn.benchmark = True  # for the textbook's first row, too: a run of ganzoo sets it for the whole process
    rows = []
    for name in NAMES:
        for batch in effort.batches:
            found = {}
            for side, make in {"textbook": textbook_steps, "eager": eager_steps, "graphs": graph_steps}.items():
                found[side] = timed(make(name, batch, device), device, effort, batch)
                say(f"{name}, batch {batch}, {side}: {found[side].rate:,.0f} images/s")
            rows += list(rows_of(name, batch, found, card))
    return table(HEAD, rows)


def rows_of(name: str, batch: int, found: dict[str, Found], card: str) -> Iterator[Sequence[str]]:
    """One row for each loop; the bar is the graphs'. ``card``: the bars in images a second are an H200's."""
    for side, one in found.items():
        bar, verdict = "-", "-"
        if side == "graphs":
            least = H200_BARS.get((name, batch), 0.0)
            factor = GRAPHS_OVER_EAGER if batch == BATCH else 0.0
            judged = least if "H200" in card else 0.0
            bars = [f"{least:,.0f} images/s"] if judged else []
            bars += [f"{factor:.0f} times eager"] if factor else []
            bars += ["no wait", *([f"H200: {least:,.0f} images/s"] if least and not judged else [])]
            bar = ", ".join(bars)
            met = one.rate >= judged and one.rate >= factor * found["eager"].rate and one.waits == 0
            verdict = "met" if met else "**missed**"
        yield (
            f"`{name}`",
            str(batch),
            side,
            f"**{one.rate:,.0f}**",
            f"{one.waits:.2f}",
            f"{one.memory / 1e6:,.0f}",
            f"{one.rate / found['eager'].rate:.2f}",
            f"{one.rate / found['textbook'].rate:.2f}",
            bar,
            verdict,
        )


def timed(batches: Iterator[int], device: torch.device, effort: Effort, batch: int = BATCH) -> Found:
    """Some seconds of a loop after its warm-up. Each item is the images of one step."""
    on_gpu = device.type == "cuda"
    gc.collect()  # the loop before
    for _ in range(effort.warm_up):
        next(batches)
    if on_gpu:
        torch.cuda.synchronize(device)
        torch.cuda.empty_cache()  # what trying out algorithms took
        torch.cuda.reset_peak_memory_stats(device)
    started, images, marks = time.perf_counter(), 0, []
    while time.perf_counter() - started < effort.seconds:
        images += sum(next(batches) for _ in range(max(effort.between * BATCH // max(batch, BATCH), 1)))
        if on_gpu:
            # The host may run ahead of the device by one stretch of steps, and no more.
            marks.append(torch.cuda.Event())  # type: ignore[no-untyped-call]
            marks[-1].record()
            if len(marks) > 1:
                marks.pop(0).synchronize()
    if on_gpu:
        torch.cuda.synchronize(device)
    seconds = time.perf_counter() - started
    if not on_gpu:
        return Found(images / seconds, 0.0, 0.0)
    return Found(images / seconds, waits_a_step(batches), float(torch.cuda.max_memory_reserved(device)))


def waits_a_step(batches: Iterator[int], steps: int = 10) -> float:
    """How often a step makes the host wait, as torch notices it."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        for _ in range(steps):
            next(batches)
        torch.cuda.set_sync_debug_mode("default")
    return sum("called a synchronizing" in str(warning.message) for warning in said) / steps


def textbook_steps(name: str, batch: int, device: torch.device) -> Iterator[int]:
    """The textbook's loop, its data decoded and on the GPU already; of WGAN-GP, five batches a step."""
    updates = WORKLOADS[name].critic_updates
    batches = textbook.steps(name, device, batch, NoiseOnDevice(4 * batch, device))
    while True:
        yield sum(next(batches) for _ in range(updates))


class NoiseOnDevice(Pictures):
    """Noise in [-1, 1] that is decoded, batched and on the GPU already: the textbook is not made to wait for its data."""

    def __init__(self, count: int, device: torch.device) -> None:
        self.images = torch.rand(count, 3, 64, 64, device=device).mul_(2).sub_(1)
        self.label = torch.zeros((), dtype=torch.int64, device=device)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        return self.images[i], 0


def graph_steps(name: str, batch: int, device: torch.device) -> Iterator[int]:
    """The loop as ``ganzoo run`` uses it on a GPU."""
    return ganzoo_steps(name, batch, device, graphs=True)


def eager_steps(name: str, batch: int, device: torch.device) -> Iterator[int]:
    """The same with ``train.cuda_graphs: false``."""
    return ganzoo_steps(name, batch, device, graphs=False)


def ganzoo_steps(name: str, batch: int, device: torch.device, graphs: bool) -> Iterator[int]:
    """Steps of a run on noise.

    Raises:
        UserError: where updates are to be recorded and cannot be.
    """
    from ganzoo.engine.graphs import GraphedUpdates, choose_runner
    from ganzoo.engine.loop import Loop
    from ganzoo.engine.meter import Meter

    run = noise_run(WORKLOADS[name].config, batch, device, graphs)
    loop = Loop(run, Meter(), choose_runner(run, lambda note: None))
    while True:
        loop.step()
        if isinstance(loop.runner, GraphedUpdates) and loop.runner.refused:
            raise UserError(f"the updates of {name} cannot be recorded: {loop.runner.refused}", "report it")
        yield batch * WORKLOADS[name].critic_updates


def noise_run(components: str, batch: int, device: torch.device, graphs: bool, more: str = "") -> Run:
    """A run of ``components`` on noise images, which stay on the GPU where there is one.

    Args:
        components: ganzoo's configuration without data and training.
        batch: samples in a batch.
        device: where it trains.
        graphs: ``train.cuda_graphs``.
        more: further keys of ``train``, each with a comma before it.
    """
    from ganzoo.config import parse_config, resolve
    from ganzoo.data.spec import describe
    from ganzoo.engine import optimizers
    from ganzoo.engine.batches import Batches
    from ganzoo.engine.convolutions import use_ordinary_double_backward
    from ganzoo.engine.device import from_config
    from ganzoo.engine.run import Run
    from ganzoo.registry import Registry

    train = f"{{steps: 1000000, batch_size: {batch}, device: '{device}', cuda_graphs: {'true' if graphs else 'false'}{more}}}"
    config = parse_config(f"data: ring\n{components}\ntrain: {train}\n")
    resolved = resolve(config, Registry.installed())
    runtime = from_config(config.train)
    arrays = {"sample": np.random.default_rng(0).integers(0, 256, (4 * batch, 3, 64, 64), np.uint8)}
    data = describe(arrays, 0, 1.0)
    torch.manual_seed(0)
    players = {"generator": resolved.generator.build(data), "critic": resolved.critic.build(data)}
    for network in players.values():
        runtime.place_network(network.train())
    losses = {part.name: part.build(data).to(device) for part in resolved.losses}
    if runtime.convolutions_pay and any(loss.per_sample for loss in losses.values()):
        use_ordinary_double_backward(players["critic"])
    return Run(
        config,
        None,  # type: ignore[arg-type]  # no data set: the arrays are here
        data,
        runtime,
        Batches(arrays, data, batch, 0, True, runtime),
        players["generator"],
        players["critic"],
        losses,
        resolved.schedule.build(data),
        {side: optimizers.build(resolved.optimizers[side], players[side].parameters(), device) for side in players},
        None,
    )
