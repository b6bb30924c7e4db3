"""Runs of four steps that metrics are measured of: ``digits``, which is conditional, and ``ring``."""

import json

from ganzoo.cli import invoke

DIGITS = """
data: digits
generator: {name: acgan, width: 4, latent_dim: 4, kernel: 4}
critic: {name: acgan, width: 4, refine: false, norm: none, dropout: 0.0}
loss: [non_saturating, label_classification]
train: {steps: 4, batch_size: 8, ema: 0.9, device: cpu, threads: 1}
sample: {count: 10}
"""
RING = """
data: {name: ring, count: 3000}
generator: {name: mlp, hidden: [8], latent_dim: 2}
critic: {name: mlp, hidden: [8]}
loss: least_squares
train: {steps: 4, batch_size: 8, device: cpu, threads: 1}
"""


def train(folder, text, *overrides):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml.in").write_text(text)
    options = [part for override in overrides for part in ("-o", override)]
    assert invoke(["run", str(folder / "config.yaml.in"), "-q", "--out", str(folder / "run"), *options]) == 0
    return folder / "run"


def events(run, kind):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if line["event"] == kind]
