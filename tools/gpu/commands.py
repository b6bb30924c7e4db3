"""Stage L: what people do with a run, on the device that they have: train, resume, sample, translate, measure, export, pack."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from .training import figure, rehearsing

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("train.steps=60", "train.batch_size=16", "sample.every=30", "checkpoint.every=30", "log.every=10", "data.count=200")
RUNS = {
    "digits": (ROOT / "zoo_configs/quickstart.yaml", [o for o in SMALL if "count" not in o]),
    "cyclegan": (ROOT / "zoo_configs/cyclegan_tinted.yaml", [*SMALL, "metrics.0.every=30"]),
    "srgan": (ROOT / "zoo_configs/faces_srgan.yaml", [*SMALL, "metrics.0.every=30"]),
    "progan": (ROOT / "zoo_configs/faces_progan.yaml", SMALL),
}
AFTER = (
    "sample digits -n 20 --npz digits.npz",
    "sample digits --step 60 --per-class 2 --png digits.png",
    "eval digits --metric {name: classifier_fid, samples: 200}",
    "interpolate digits --png walk.png",
    "neighbours digits --samples 20 -n 5 --by digits",
    "export digits --out digits.pt2",
    "pack digits --out digits-pack",
    "sample cyclegan --from pictures --out there",
    "sample cyclegan --from pictures --route back --out back",
    "eval cyclegan --metric {name: relative_l1, split: test}",
    "eval srgan --metric super_resolution",
    "sample srgan --from pictures --out larger --whole",
    "sample progan --out faces -n 8",
    "compare digits progan --out both.html -n 8",
    "doctor",
    f"check {ROOT}/zoo_configs/quickstart.yaml",
)


def main() -> int:
    """Run all; returns 1 where one does not exit with 0."""
    rehearse = rehearsing(__doc__).rehearse
    device = "cpu" if rehearse else "cuda"
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(1 if rehearse else 6) as pool:
        work = Path(temporary)
        (work / "pictures").mkdir()
        for i in range(4):
            noise = np.random.default_rng(i).integers(0, 256, (32, 32, 3), np.uint8)
            Image.fromarray(noise).save(work / "pictures" / f"{i}.png")
        trained = {
            name: ["run", str(path), "--quiet", "--out", name, *(w for o in [*keys, f"train.device={device}"] for w in ("-o", o))]
            for name, (path, keys) in RUNS.items()
        }
        codes = list(pool.map(lambda words: called(words, work), trained.values()))
        resumed = ["run", *trained["digits"][1:], "-o", "train.steps=80", "--resume"]
        codes.append(called(resumed, work))
        codes += pool.map(lambda line: called(words_of(line), work), AFTER)
        figure("commands", f"{len(codes)} called, {sum(code == 0 for code in codes)} ended with 0")
        made = sorted(
            str(path.relative_to(work)) for path in work.glob("*/*.png") if path.parent.name in ("there", "back", "larger", "faces")
        )
        figure("pictures made", len(made))
    return int(any(codes))


def words_of(line: str) -> list[str]:
    """The words of a command; a mapping in braces is one."""
    before, brace, after = line.partition(" {")
    return [*before.split(), *([brace.strip() + after] if brace else [])]


def called(words: Sequence[str], work: Path) -> int:
    """The exit code of a command in ``work``, which is told where it is not 0."""
    started = time.monotonic()
    command = [sys.executable, "-m", "ganzoo", *words]
    done = subprocess.run(command, cwd=work, env={**os.environ, "OMP_NUM_THREADS": "2"}, capture_output=True, text=True, check=False)
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    print(f"{' '.join(words)[:90]}: {done.returncode}, {time.monotonic() - started:.1f} s; {said[-1][:300] if said else ''}", flush=True)
    if done.returncode:
        figure(" ".join(words)[:60], f"exit code {done.returncode}: {' '.join(said[-3:])[:400]}")
    return done.returncode


if __name__ == "__main__":
    raise SystemExit(main())
