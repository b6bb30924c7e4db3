"""Whether evaluation is a bottleneck: samples with a metric, and the trace in the Frechet distance."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from ganzoo_metrics.frechet import gaussian_frechet_distance

from .page import table
from .runs import said_by

SECONDS = 15.0
"""10,000 samples and classifier_fid take at most so long."""
FASTER = 5.0
"""The trace by symmetric eigenvalues is so many times faster than by a matrix square root."""


def measure_evaluation(work: Path, quick: bool, say: Callable[[str], None]) -> list[str]:
    """Both, as two tables."""
    wall, processor = evaluate(work, quick)
    say(f"evaluation: {wall:.1f} s, {processor:.1f} s of the processor")
    rows = [(f"{wall:.1f} s", f"**{processor:.1f} s**", f"at most {SECONDS:.0f} s", "met" if processor <= SECONDS else "**missed**")]
    evaluated = table(("`ganzoo eval RUN --metric classifier_fid`, 10,000 samples: by the clock", "Processor", "Bar", "Verdict"), rows)
    size = 128 if quick else 2048
    # In a process of its own, so that every library has one thread.
    ours, theirs, difference = json.loads(said_by([sys.executable, "-m", "benchmarks.speed.evaluation", str(size)], work))
    compared = [
        (
            str(size),
            f"{theirs:.2f} s",
            f"{ours:.2f} s",
            f"**{theirs / ours:.1f}**",
            f"at least {FASTER:.0f}",
            f"{difference:.1e}",
            "met" if theirs >= FASTER * ours and difference <= 1e-6 else "**missed**",
        )
    ]
    head = ("Dimensions", "Matrix square root", "Symmetric eigenvalues", "Ratio", "Bar", "Relative difference, at most 1e-6", "Verdict")
    return [*evaluated, *table(head, compared)]


def evaluate(work: Path, quick: bool) -> tuple[float, float]:
    """Seconds, by the clock and of the processor, of the command on a run of the shipped MNIST networks."""
    config, out = work / "evaluated.yaml", work / "evaluated"
    config.write_text(
        "data: {name: digits}\ngenerator: {name: dcgan, width: 32}\ncritic: {name: dcgan, width: 8}\nloss: non_saturating\n"
        "train: {steps: 1, device: cpu, threads: 1}\n",
        encoding="utf-8",
    )
    ganzoo = [sys.executable, "-m", "ganzoo"]
    if not out.exists():
        said_by([*ganzoo, "run", str(config), "--out", str(out), "--quiet"], work)
    metric = f"{{name: classifier_fid, samples: {200 if quick else 10000}}}"
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    said_by([*ganzoo, "eval", str(out), "--metric", metric, "--json"], work)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - started, (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def compare_traces(size: int) -> tuple[float, float, float]:
    """Processor seconds of ganzoo's distance and of one with ``scipy.linalg.sqrtm``, and their relative difference."""
    from scipy.linalg import sqrtm

    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    first, second = (random.standard_normal((2 * size, size)) * np.geomspace(1, 0.05, size) for _ in range(2))
    moments = [(features.mean(0), np.cov(features, rowvar=False)) for features in (first, second @ np.diag(np.linspace(0.8, 1.2, size)))]
    (mean_1, covariance_1), (mean_2, covariance_2) = moments
    started = time.process_time()
    ours = gaussian_frechet_distance(*(torch.from_numpy(part) for part in (mean_1, covariance_1, mean_2, covariance_2)))
    middle = time.process_time()
    root = np.trace(sqrtm(covariance_1 @ covariance_2)).real
    theirs = ((mean_1 - mean_2) ** 2).sum() + np.trace(covariance_1) + np.trace(covariance_2) - 2 * root
    return middle - started, time.process_time() - middle, abs(ours - theirs) / abs(theirs)


if __name__ == "__main__":
    print(json.dumps(compare_traces(int(sys.argv[1]))))
