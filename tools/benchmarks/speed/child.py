"""One measurement in a process of its own: ``python -m benchmarks.speed.child SIDE NAME WAY STEPS``; prints one line of JSON."""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import time
from collections.abc import Callable, Iterator

import torch

from .packages import PACKAGES
from .workloads import BATCH, WORKLOADS

WAYS = ("fp32", "medium", "bf16")


def main() -> None:
    """Measure what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("side", choices=["textbook", "fast", *PACKAGES, "floor", "flops"])
    parser.add_argument("name", choices=list(WORKLOADS))
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("steps", type=int)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch", type=int, default=BATCH)
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    if arguments.way == "medium":
        torch.set_float32_matmul_precision("medium")
    if arguments.side == "floor":
        from .floor import rates

        found = rates(device, arguments.way, quick=arguments.steps == 0)
    elif arguments.side == "flops":
        from .flops import counts

        found = counts(arguments.name)
    else:
        found = measure(training(arguments.side, arguments.name, device, arguments.way, arguments.batch), arguments.steps, device)
    print(json.dumps(found))


def training(side: str, name: str, device: torch.device, way: str, batch: int) -> Iterator[int]:
    """The loop of one side; each item is the number of real images of one batch."""
    if side == "fast":
        from . import fast

        return fast.steps(name, device, way, batch)
    if side in PACKAGES:
        return PACKAGES[side][1](name, device, batch)
    from . import textbook

    return textbook.steps(name, device, batch)


def measure(batches: Iterator[int], steps: int, device: torch.device) -> dict[str, float]:
    """Images and seconds of ``steps`` batches after half as many to warm up, at least one."""
    clock = clock_of(device)
    for _ in itertools.islice(batches, max(steps // 2, 1)):
        pass
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    started = clock()
    images = sum(itertools.islice(batches, steps))
    seconds = clock() - started
    return {"images": images, "seconds": seconds, "memory": peak_memory(device)}


def clock_of(device: torch.device) -> Callable[[], float]:
    """Seconds: of the processor that this process used, which other processes disturb little, or on a GPU by the clock."""
    if device.type != "cuda":
        return time.process_time

    def synchronised() -> float:
        torch.cuda.synchronize(device)
        return time.perf_counter()

    return synchronised


def peak_memory(device: torch.device) -> float:
    """Most bytes held so far: on a GPU by tensors, otherwise by this process."""
    if device.type == "cuda":
        return float(torch.cuda.max_memory_allocated(device))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


if __name__ == "__main__":
    main()
