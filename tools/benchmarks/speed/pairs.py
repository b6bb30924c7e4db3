"""Every side of a workload in turn, round by round, so that a slow phase of the machine slows all of them."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ganzoo.errors import GanzooError

from .images import write_folder
from .packages import COMPARED, PACKAGES
from .runs import run_child, run_ganzoo
from .workloads import WORKLOADS

Sample = dict[str, float]


@dataclass
class Measured:
    """What the rounds of one workload gave.

    Args:
        name: of the workload.
        rates: side and way -> images a second, one for each round.
        floors: way -> FLOP a second of a large convolution and matrix product, one for each round.
        memory: side and way -> peak bytes.
        flops: what ``benchmarks.speed.flops`` counted.
    """

    name: str
    rates: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    floors: dict[str, list[Sample]] = field(default_factory=dict)
    memory: dict[tuple[str, str], float] = field(default_factory=dict)
    flops: dict[str, Any] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Keep it in ``folder``, for ``load``."""
        values = {name: list(value.items()) if name in ("rates", "memory") else value for name, value in vars(self).items()}
        (folder / f"pairs-{self.name}.json").write_text(json.dumps(values), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, name: str) -> Measured | None:
        """What was kept of the workload ``name``, if anything was."""
        file = folder / f"pairs-{name}.json"
        if not file.is_file():
            return None
        values = json.loads(file.read_text(encoding="utf-8"))
        for key in ("rates", "memory"):
            values[key] = {(side, way): value for (side, way), value in values[key]}
        return cls(**values)

    def rate(self, side: str, way: str) -> float:
        """Median images a second."""
        return statistics.median(self.rates[side, way])

    def ratio(self, side: str, way: str, against: str, other: str) -> tuple[float, float, float]:
        """Median, least and greatest of the rounds' ratios of two rates."""
        ratios = [a / b for a, b in zip(self.rates[side, way], self.rates[against, other], strict=True)]
        return statistics.median(ratios), min(ratios), max(ratios)

    def of_floor(self, side: str, way: str) -> float:
        """Median share of what the machine could do: the seconds of the counted FLOPs at the floor's rates, over those taken."""
        counted: Mapping[str, float] = self.flops["textbook" if side == "textbook" else "ganzoo"]
        least = [sum(counted[kind] / floor[kind] for kind in counted) for floor in self.floors[way]]
        return statistics.median(seconds * rate for seconds, rate in zip(least, self.rates[side, way], strict=True))


def sides_of(name: str, ways: Sequence[str]) -> list[tuple[str, str]]:
    """The textbook, then for each way the hand-written loop and ganzoo, then what other packages are installed."""
    pairs = [("textbook", "fp32"), *((side, way) for way in ways for side in ("fast", "ganzoo"))]
    return [*pairs, *((side, "fp32") for side, (module, _) in PACKAGES.items() if name in COMPARED and find_spec(module))]


def measure(name: str, ways: Sequence[str], rounds: int, work: Path, quick: bool, say: Callable[[str], None]) -> Measured:
    """All sides of a workload, ``rounds`` times.

    Args:
        name: of the workload.
        ways: of computing.
        rounds: how often.
        work: a folder for pictures, cache and runs.
        quick: one step each, for a test that looks at no number.
        say: takes a line of progress.
    """
    workload = WORKLOADS[name]
    if workload.data == "faces" and not (work / "pictures").exists():
        write_folder(workload, work / "pictures")
    measured = Measured(name, flops=run_child("flops", name, "fp32", 1, work))
    steps = 1 if quick else workload.steps
    sides = sides_of(name, ways)
    for i in range(rounds):
        for side, way in list(sides):
            try:
                found = sample(side, name, way, steps, work)
            except GanzooError as error:
                # Old packages may be installed and yet not run beside today's torch.
                if side not in PACKAGES or i:
                    raise
                say(f"{name}: {side} is left out: {error}")
                sides.remove((side, way))
                continue
            measured.rates.setdefault((side, way), []).append(found["images"] / found["seconds"])
            measured.memory[side, way] = found["memory"]
        for way in {"fp32": None, **dict.fromkeys(ways)}:
            measured.floors.setdefault(way, []).append(run_child("floor", name, way, 0 if quick else 1, work))
        say(f"{name}, round {i + 1} of {rounds}: " + ", ".join(rates_of_last(measured)))
    return measured


def sample(side: str, name: str, way: str, steps: int, work: Path) -> Sample:
    """One measurement of one side; ``steps`` are the generator's."""
    if side == "ganzoo":
        return run_ganzoo(name, way, steps, work)
    return run_child(side, name, way, steps * WORKLOADS[name].critic_updates, work)


def rates_of_last(measured: Measured) -> Iterator[str]:
    """The last round as words."""
    for (side, way), rates in measured.rates.items():
        yield f"{side} {way} {rates[-1]:.0f}"
