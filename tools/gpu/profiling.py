"""Stage E: ten replayed steps under torch's profiler: kernels a step, busy time, gaps, and the kernels that take longest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from .training import figure, rehearsing, seconds_each, synchronise
from .workloads import pretend_graphs, steps

CASES = (("dcgan64", 64), ("dcgan64", 1024), ("wgan_gp64", 64))
STEPS = 10
TOP = 12


def main() -> int:
    """Profile every case; the whole tables go into the file that is named."""
    arguments = rehearsing(__doc__, "file")
    rehearse = arguments.rehearse
    device = torch.device("cpu" if rehearse else "cuda")
    if rehearse:
        pretend_graphs()
    whole: list[str] = []
    for name, batch in CASES:
        case = f"{name}, batch {batch}"
        batches = steps(name, 2 if rehearse else batch, device, narrow=rehearse)
        for _ in range(2 if rehearse else 20):
            next(batches)
        wall = seconds_each(lambda batches=batches: next(batches), 1 if rehearse else 50, device) * 1e6  # type: ignore[misc]
        with profile(activities=[ProfilerActivity.CPU if rehearse else ProfilerActivity.CUDA]) as profiled:
            for _ in range(1 if rehearse else STEPS):
                next(batches)
            synchronise(device)
        events = list(on_device(profiled.events() or [], DeviceType.CPU if rehearse else DeviceType.CUDA))
        count = 1 if rehearse else STEPS
        kernels = sum(not copies(event.name) for event in events)
        busy = covered((event.time_range.start, event.time_range.end) for event in events) / count
        figure(
            case,
            f"{kernels / count:,.0f} kernels and {(len(events) - kernels) / count:,.0f} copies a step; {wall:,.0f} us a step, "
            f"busy {busy:,.0f} us ({busy / wall:.0%}), gaps {wall - busy:,.0f} us",
        )
        rows = table(events, count)
        print("\n".join([case, *rows[:TOP]]), flush=True)
        whole += [f"== {case}: {wall:,.1f} us a step without the profiler, busy {busy:,.1f} us", *rows, ""]
        if arguments.file:
            Path(arguments.file).write_text("\n".join(whole), encoding="utf-8")
        del batches
        if not rehearse:
            torch.cuda.empty_cache()
    return 0


def on_device(events: Iterable[Any], kind: DeviceType) -> Iterator[Any]:
    """What the device did: kernels, copies and fills, without the marks that the profiler sets."""
    for event in events:
        if event.device_type == kind and not getattr(event, "is_user_annotation", False):
            yield event


def copies(name: str) -> bool:
    """Whether an event is a copy or a fill, not a kernel."""
    return name.startswith(("Memcpy", "Memset"))


def covered(spans: Iterable[tuple[float, float]]) -> float:
    """The length of the union of ``spans``: kernels may run side by side."""
    total, last = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, last))
        last = max(last, end)
    return total


def table(events: Iterable[Any], count: int) -> list[str]:
    """One line for each kernel's name: microseconds a step, calls a step; the longest first."""
    spent: dict[str, list[float]] = defaultdict(list)
    for event in events:
        spent[event.name].append(event.time_range.end - event.time_range.start)
    ordered = sorted(spent.items(), key=lambda item: -sum(item[1]))
    return [f"{sum(times) / count:10.1f} us {len(times) / count:7.1f} x  {name[:160]}" for name, times in ordered]


if __name__ == "__main__":
    raise SystemExit(main())
