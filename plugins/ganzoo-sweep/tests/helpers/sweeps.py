"""What tests of sweeps write and read."""

import csv
from pathlib import Path

BASE = """\
data: {name: ring, count: 200}
generator: {name: mlp, hidden: [4]}
critic: {name: mlp, hidden: [4]}
loss: wasserstein
train: {steps: 4, batch_size: 4, threads: 1, device: cpu}
log: {every: 2}
sample: {every: 4, count: 20}
metrics: [{name: modes, samples: 50}]
"""


def write(text, name="sweep.yaml"):
    Path(name).write_text(text)
    return Path(name)


def table(folder):
    return list(csv.DictReader((Path(folder) / "summary.csv").read_text().splitlines()))
