"""Stage F: variants of the training on one card, one after the other, each a process of its own, in images a second.

A variant is a line of ``VARIANTS``. The first is measured twice: smaller differences than between those two say nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import torch
from benchmarks.speed.cuda import Effort, timed

from ganzoo.engine.convolutions import use_ordinary_double_backward
from ganzoo.engine.run import Run

from .training import figure, rehearsing
from .workloads import pretend_graphs, steps

WORKLOADS = ("dcgan64", "wgan_gp64")
BATCH = 64


@dataclass(frozen=True)
class Variant:
    """What is changed.

    Args:
        environment: variables of the process.
        train: further keys of ``train``, each with a comma before it.
        prepare: changes the run before its first step.
        slow: needs long before it is warm; left out of a rehearsal.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    train: str = ""
    prepare: Callable[[Run], None] | None = None
    slow: bool = False


def no_trials(run: Run) -> None:
    """Let cuDNN choose its algorithms by rule."""
    torch.backends.cudnn.benchmark = False


def planes(run: Run) -> None:
    """Networks in torch's default memory order."""
    for network in (run.generator, run.critic):
        network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]


def ordinary(run: Run) -> None:
    """A critic whose penalty is differentiated by ordinary convolutions."""
    use_ordinary_double_backward(run.critic)


def compiled_generator(run: Run) -> None:
    """The generator by torch.compile."""
    run.generator.compile(dynamic=False)


def compiled(run: Run) -> None:
    """Both networks by torch.compile, which has no second derivatives."""
    run.generator.compile(dynamic=False)
    run.critic.compile(dynamic=False)


VARIANTS: Mapping[str, Variant] = {
    "as it is": Variant(),
    "penalty by ordinary convolutions": Variant(prepare=ordinary),
    "fp32": Variant(train=", precision: fp32"),
    "fp32 by TF32": Variant(train=", precision: fp32, matmul: high"),
    "cuDNN without trials": Variant(prepare=no_trials),
    "default memory order": Variant(prepare=planes),
    "as it is, again": Variant(),
    "compiled generator": Variant(prepare=compiled_generator, slow=True),
    "compiled networks": Variant(prepare=compiled, slow=True),
}


def main() -> int:
    """Measure all variants, as many as there is time for; returns 1 where one that is not slow fails."""
    arguments = rehearsing(__doc__, "variant")
    if arguments.variant:
        return measure(arguments.variant, arguments.rehearse)
    ends = float(os.environ.get("GPU_CHECK_ENDS", time.time() + 600)) - 3
    failed = False
    for name, variant in VARIANTS.items():
        left = ends - time.time()
        if arguments.rehearse and variant.slow:
            continue
        if left < 5:
            figure(name, "left out: no time")
            continue
        command = [sys.executable, "-m", "gpu.variants", name, *(["--rehearse"] if arguments.rehearse else [])]
        try:
            code = subprocess.run(command, env={**os.environ, **variant.environment}, check=False, timeout=left).returncode
        except subprocess.TimeoutExpired:
            figure(name, "was not warm in time")
            continue
        failed |= code != 0 and not variant.slow
    return int(failed)


def measure(name: str, rehearse: bool) -> int:
    """One variant on both workloads; returns 1 where one fails, which does not stop the other."""
    device = torch.device("cpu" if rehearse else "cuda")
    if rehearse:
        pretend_graphs()
    effort = Effort(seconds=0.01, warm_up=1, between=1) if rehearse else Effort(seconds=0.8)
    said, code = [], 0
    for workload in WORKLOADS[:1] if rehearse else WORKLOADS:
        notes: list[str] = []
        try:
            rate = timed(training(workload, VARIANTS[name], device, rehearse, notes), device, effort).rate
            said.append(f"{workload} {rate:,.0f} images/s{' (' + notes[0] + ')' if notes else ''}")
        except Exception as error:
            said.append(f"{workload} failed: {type(error).__name__}: {' '.join(str(error).split())[:150]}")
            code = 1
    figure(name, "; ".join(said))
    return code


def training(workload: str, variant: Variant, device: torch.device, rehearse: bool, notes: list[str]) -> Iterator[int]:
    """The steps of a variant."""
    batch = 2 if rehearse else BATCH
    return steps(workload, batch, device, narrow=rehearse, more=variant.train, prepare=variant.prepare, notes=notes)


if __name__ == "__main__":
    raise SystemExit(main())
