"""The measurements as sections of ``docs/benchmarks.md``, each between two comments of its own."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version

from common.machine import processor

from .packages import PACKAGES
from .pairs import Measured
from .workloads import WORKLOADS, Bar

WORDS = {"fp32": "fp32", "medium": "fp32, `matmul: medium`", "bf16": "bf16"}


def head(command: str, device: str) -> list[str]:
    """What numbers mean nothing without: command, day, code, machine, versions, how busy the machine was."""
    return [
        f"- Command: `{command}`",
        f"- Date: {time.strftime('%Y-%m-%d')}; {os.getloadavg()[1]:.1f} processes wanted one of {os.cpu_count()} cores",
        f"- Machine: {machine(device)}",
        *([f"- Card: {card()}"] if device == "cuda" else []),
        "",
    ]


def card() -> str:
    """The GPU."""
    import torch

    facts = torch.cuda.get_device_properties(torch.cuda.current_device())
    return f"{facts.name}, {facts.total_memory / 2**30:.0f} GiB, {facts.multi_processor_count} multiprocessors"


def machine(device: str) -> str:
    """Processor and versions, CUDA's where a GPU was used."""
    parts = [f"{processor()}, {os.cpu_count()} cores"]
    import torch

    if device == "cuda":
        parts.append(f"CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}")  # type: ignore[no-untyped-call]
    else:
        parts.append(f"instructions {torch.backends.cpu.get_cpu_capability()}")
    packages = versions("torch", "ganzoo-core", "torchgan")
    return "; ".join([*parts, f"{platform.system()}, Python {platform.python_version()}", *packages])


def versions(*names: str) -> list[str]:
    """Those of ``names`` that are installed."""
    found = []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)] + [""]


def pairs(results: Mapping[str, Measured]) -> list[str]:
    """The rates, the ratios and the shares of the floor."""
    rates = [
        (f"`{name}`", side, WORDS[way], f"{m.rate(side, way):,.0f}", f"{m.memory[side, way] / 1e6:,.0f}")
        for name, m in results.items()
        for side, way in m.rates
    ]
    return [
        *table(("Workload", "Computing", "Ratio", "Median", "Rounds from, to", "Bar", "Verdict"), list(ratio_rows(results))),
        *table(("Workload", "Side", "Computing", "Images/s", "Peak memory, MB"), rates),
        *table(
            ("Workload", "Parameters", "MFLOP/image, ganzoo", "textbook", "Computing", "Floor conv, matmul, GFLOP/s"), flop_rows(results)
        ),
    ]


def ratio_rows(results: Mapping[str, Measured]) -> list[tuple[str, ...]]:
    """One row for each bar."""
    rows: list[tuple[str, ...]] = []
    for name, m in results.items():
        for way in (way for side, way in m.rates if side == "ganzoo"):
            for words, found, least in judged(m, way, WORKLOADS[name].bars.get(way)):
                verdict = "-" if least is None else "met" if found[0] >= least else "**missed**"
                spread = f"{found[1]:.2f}, {found[2]:.2f}" if len(found) > 1 else "-"
                bar = "-" if least is None else f"{least:.2f}"
                rows.append((f"`{name}`", WORDS[way], words, f"**{found[0]:.2f}**", spread, bar, verdict))
        for side in (side for side in PACKAGES if (side, "fp32") in m.rates):
            found = m.ratio("ganzoo", "fp32", side, "fp32")
            rows.append((f"`{name}`", "fp32", f"ganzoo / {side}", f"**{found[0]:.2f}**", f"{found[1]:.2f}, {found[2]:.2f}", "-", "-"))
    return rows


def judged(m: Measured, way: str, bar: Bar | None) -> list[tuple[str, tuple[float, ...], float | None]]:
    """What was found against each part of a bar, where there is one."""
    return [
        ("ganzoo / textbook", m.ratio("ganzoo", way, "textbook", "fp32"), bar.against_textbook if bar else None),
        ("ganzoo / by hand", m.ratio("ganzoo", way, "fast", way), bar.against_fast if bar else None),
        ("ganzoo / floor", (m.of_floor("ganzoo", way),), bar.of_floor if bar else None),
    ]


def flop_rows(results: Mapping[str, Measured]) -> list[tuple[str, ...]]:
    """What was counted, and the floor."""
    rows: list[tuple[str, ...]] = []
    for name, m in results.items():
        ours, theirs = (sum(m.flops[side].values()) / 1e6 for side in ("ganzoo", "textbook"))
        for way, found in m.floors.items():
            middle = sorted(found, key=lambda floor: floor["conv"])[len(found) // 2]
            floors = f"{middle['conv'] / 1e9:,.0f}, {middle['matmul'] / 1e9:,.0f}"
            rows.append((f"`{name}`", f"{m.flops['parameters'][0]:,}", f"{ours:,.1f}", f"{theirs:,.1f}", WORDS[way], floors))
    return rows
