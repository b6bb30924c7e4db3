"""What a game costs, counted: FLOPs of a step by torch's counter, and whether both writings of the networks are the same."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from . import textbook
from .images import write_folder
from .runs import configuration
from .workloads import BATCH, LATENT, WORKLOADS, networks


def counts(name: str) -> dict[str, Any]:
    """For ganzoo and for the textbook: parameters, FLOPs of one forward a network and of training, both for each real image."""
    from ganzoo.config import parse_config, resolve
    from ganzoo.engine.build import build
    from ganzoo.engine.loop import Loop
    from ganzoo.engine.meter import Meter
    from ganzoo.registry import Registry
    from ganzoo.ui.progress import reporter

    workload = WORKLOADS[name]
    with tempfile.TemporaryDirectory() as folder:
        if workload.data == "faces":
            write_folder(workload, Path(folder))
        config = parse_config(configuration(name, "fp32", steps=2, folder=Path(folder)))
        run, _ = build(config, resolve(config, Registry.installed()), reporter(quiet=True))
    ours, theirs = (run.generator, run.critic), networks(name)
    batch = run.batches.next()
    loop = Loop(run, Meter())
    loop.step()
    batches = textbook.steps(name, torch.device("cpu"))
    images = BATCH * workload.critic_updates
    return {
        "parameters": [size(*ours), size(*theirs)],
        "forward": [forward(*ours, batch, True), forward(*theirs, batch, False)],
        "ganzoo": {kind: flops / images for kind, flops in counted(loop.step).items()},
        "textbook": {
            kind: flops / images for kind, flops in counted(lambda: [next(batches) for _ in range(workload.critic_updates)]).items()
        },
    }


def size(*networks: nn.Module) -> int:
    """Parameters of all."""
    return sum(p.numel() for network in networks for p in network.parameters())


def forward(generator: nn.Module, critic: nn.Module, batch: dict[str, torch.Tensor], named: bool) -> int:
    """FLOPs of one forward of each network for one image."""
    latent = torch.randn(BATCH, LATENT)
    labelled = any("Labelled" in type(module).__name__ for module in generator.modules())
    inputs = (latent, batch["label"]) if labelled else (latent,)

    def both() -> None:
        made = generator(*inputs)
        critic(made["sample"] if named else made)

    return int(sum(counted(both).values()) / BATCH)


def counted(work: Callable[[], Any]) -> dict[str, int]:
    """FLOPs of ``work`` by kind: "conv" and "matmul"."""
    counter = Counter()
    with counter:
        work()
    return counter.flops


class Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up what torch's table of FLOPs says of each operator.

    ``FlopCounterMode`` does that too, but its hooks on modules refuse a gradient of a gradient.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.flops: dict[str, int] = {"conv": 0, "matmul": 0}

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        formula = flop_registry.get(function._overloadpacket)
        if formula is not None:
            kind = "conv" if "conv" in str(function) else "matmul"
            self.flops[kind] += formula(*args, **(kwargs or {}), out_val=result)
        return result
