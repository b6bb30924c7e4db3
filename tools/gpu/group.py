"""Stage K: a process group of one over NCCL: what ranks tell each other in a step is recorded, and leaves the weights as they are."""

from __future__ import annotations

import os

os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # before torch: it is read once

import torch
import torch.distributed as dist
from gpu_kinds import KINDS
from torch import Tensor

from ganzoo.config import parse_config, resolve
from ganzoo.engine.build import build
from ganzoo.engine.distributed.ranks import ManyRanks, Ranks
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter

from .parity import differing
from .training import figure, recorded, rehearsing, seed, weights

STEPS = 40


def main() -> int:
    """Compare; returns 1 where weights differ or nothing is recorded."""
    rehearse = rehearsing(__doc__).rehearse
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    ranks = ManyRanks(dist.HashStore(), 0, 1, 0)
    failed = False
    for kind in ("dcgan", "wgan_gp", "lazy r1", "wgan"):
        (alone, _), (grouped, notes) = (trained(kind, who, rehearse) for who in (Ranks(), ranks))
        said = "; ".join([*notes, differing(alone, grouped)]).strip("; ")
        figure(kind, said or "recorded, and the same weights as without a group")
        failed |= bool(said)
    dist.destroy_process_group()
    return int(failed)


def trained(kind: str, ranks: Ranks, rehearse: bool) -> tuple[dict[str, Tensor], list[str]]:
    """The weights after some steps, and what was said of the recording."""
    seed(0)
    text = f"{KINDS[kind]}\ntrain: {{steps: 1000, batch_size: {4 if rehearse else 64}, ema: 0.99, device: {'cpu' if rehearse else 'cuda'}}}"
    config = parse_config(text)
    run, _ = build(config, resolve(config, Registry.installed()), reporter(quiet=True), ranks=ranks)
    torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = False, True
    notes: list[str] = []
    loop = Loop(run, Meter(), recorded(run, notes.append))
    for _ in range(4 if rehearse else STEPS):
        loop.step()
    loop.check()
    return weights(run), notes


if __name__ == "__main__":
    raise SystemExit(main())
