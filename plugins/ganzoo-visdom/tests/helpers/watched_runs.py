"""Trains a small run that observers watch."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest
import torch

from ganzoo.cli import invoke

CONFIG = """\
data: {name: ring, count: 200}
generator: {name: mlp, hidden: [4]}
critic: {name: mlp, hidden: [4]}
loss: wasserstein
train: {steps: 6, batch_size: 4, threads: 1, device: cpu}
log: {every: 2}
sample: {every: 3, count: 20}
metrics: [{name: modes, every: 3, samples: 50}]
"""


def train(folder: Path, *observers: dict[str, Any]) -> int:
    for module in ("ganzoo_vanilla", "ganzoo_wgan"):
        pytest.importorskip(module, reason="the run that is watched takes its parts from it")
    (folder / "tiny.yaml").write_text(CONFIG + f"observers: {json.dumps(observers)}\n")
    threads = torch.get_num_threads()
    code = invoke(["run", str(folder / "tiny.yaml"), "--out", str(folder / "run"), "--quiet"])
    torch.set_num_threads(threads)
    return code


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
