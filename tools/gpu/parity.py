"""Stage B: the weights after 12 steps, as CUDA graphs against kernel by kernel, bit for bit, in the same precision.

Algorithms are deterministic. What is run kernel by kernel is run twice: where those two differ, the third says nothing.
"""

from __future__ import annotations

import os

os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # before torch: it is read once

import torch
from gpu_kinds import KINDS
from torch import Tensor

from ganzoo.engine.graphs import GraphedUpdates

from .training import figure, loop_of, rehearsing, seed, weights

STEPS = 12
CHOSEN = ("dcgan", "wgan_gp")
PRECISIONS = ("fp32", "bf16")


def main() -> int:
    """Compare; returns 1 where something differs."""
    rehearse = rehearsing(__doc__).rehearse
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    failed = False
    for kind in CHOSEN:
        for precision in PRECISIONS[:1] if rehearse else PRECISIONS:
            eager, again, graphed = (trained(kind, precision, graphs, rehearse) for graphs in (False, False, True))
            differs = differing(eager, graphed)
            if differs and differing(eager, again):
                differs = f"kernel by kernel twice: {differing(eager, again)}; as graphs: {differs}"
            figure(f"{kind}, {precision}, {STEPS} steps", differs or f"all {len(eager)} tensors are equal")
            failed |= bool(differs)
    return int(failed)


def trained(kind: str, precision: str, graphs: bool, rehearse: bool) -> dict[str, Tensor]:
    """The weights after some steps.

    Raises:
        SystemExit: where updates were to be recorded and are not.
    """
    seed(0)
    loop, notes = loop_of(KINDS[kind], rehearse, precision=precision, graphed=graphs)
    torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = False, True
    for _ in range(STEPS):
        loop.step()
    loop.check()
    if graphs and not (isinstance(loop.runner, GraphedUpdates) and not loop.runner.refused):
        raise SystemExit(f"{kind}, {precision}: not recorded: {notes}")
    return weights(loop.run)


def differing(a: dict[str, Tensor], b: dict[str, Tensor]) -> str:
    """The first tensor that differs and by how much, and how many do; "" for none."""
    found = [name for name in a if not torch.equal(a[name], b[name])]
    if not found:
        return ""
    off = (a[found[0]].double() - b[found[0]].double()).abs().max().item()
    worst = max(found, key=lambda name: (a[name].double() - b[name].double()).abs().max().item())
    most = (a[worst].double() - b[worst].double()).abs().max().item()
    return f"{len(found)} of {len(a)} tensors differ: first {found[0]} by {off:.2e}, most {worst} by {most:.2e}"


if __name__ == "__main__":
    raise SystemExit(main())
