"""Memory while data that does not fit into it is decoded and read: in a process of its own, whose peak is looked at."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from ganzoo.errors import GanzooError

SIZE = 120
"""Pixels a side: 202,599 images are 8.2 GiB."""
MOST_GROWTH = 64
"""MB that the peak may grow by from the first batches to the end of an epoch."""

EPOCH = """
import json, resource, sys
from pathlib import Path
from benchmarks.loading.measures import BATCH, open_batches
from ganzoo_data.celeba import CelebA

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

batches = open_batches(CelebA(root=sys.argv[1], size=int(sys.argv[3]), crop=178, flip=True), Path(sys.argv[2]))
built, count = peak(), batches.count // BATCH
early = max(count // 50, 2)
for done in range(count):
    if done == early:
        before = peak()
    batches.next()
print(json.dumps([built, before, peak(), batches.count * int(sys.argv[3]) ** 2 * 3 / 2**30]))
"""
"""Builds the cache and reads an epoch: peak memory in MB after building, after a fiftieth and at the end; GiB of pixels."""


def read_an_epoch(faces: Path, cache: Path, size: int = SIZE) -> tuple[float, float, float, float]:
    """What ``EPOCH`` prints.

    Raises:
        GanzooError: where it fails.
    """
    done = subprocess.run(
        [sys.executable, "-c", EPOCH, str(faces), str(cache), str(size)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise GanzooError(f"reading failed: {(done.stderr.strip().splitlines() or ['it said nothing'])[-1]}")
    built, early, end, gigabytes = json.loads(done.stdout.splitlines()[-1])
    return built, early, end, gigabytes
