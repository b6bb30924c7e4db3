"""Stage G's rehearsal: what ``tools/bench --device cuda`` measures, on a CPU with networks of four channels."""

from __future__ import annotations

from dataclasses import replace

import torch
from benchmarks.speed import cuda, workloads
from benchmarks.speed.cuda import Effort, measure

from .training import figure, rehearsing
from .workloads import pretend_graphs


def main() -> int:
    """Measure once."""
    rehearsing(__doc__)
    pretend_graphs()
    torch.set_num_threads(1)
    narrow = {name: replace(w, config=w.config.replace("width: 64", "width: 4")) for name, w in workloads.WORKLOADS.items()}
    cuda.WORKLOADS = narrow
    rows = measure(Effort(seconds=0.01, warm_up=1, between=1, batches=(2,)), print, torch.device("cpu"))
    print("\n".join(rows))
    figure("rows", len(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
