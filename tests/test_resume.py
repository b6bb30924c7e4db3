"""A resumed run continues bit for bit: 40 steps against 20, a fresh process's state, and 20 more."""

import dataclasses

import pytest
import torch

from ganzoo.config import parse_config, resolve
from ganzoo.engine import checkpoint
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.engine.run import Run, build
from ganzoo.progress import reporter
from ganzoo.registry import Registry

ACGAN = """
data: digits
generator: {name: acgan, width: 4, latent_dim: 8}
critic: {name: acgan, width: 4, dropout: 0.3}
loss: [non_saturating, label_classification]
schedule: {name: alternate, decay_from: 0.3}
train: {steps: 40, batch_size: 8, ema: 0.9, device: cpu, threads: 1}
"""
WGAN_GP = """
data: {name: ring, count: 100}
generator: {name: mlp, hidden: [16, 16], latent_dim: 2, norm: batch}
critic: {name: mlp, hidden: [16, 16]}
loss: [wasserstein, gradient_penalty, {name: r1, every: 3}]
schedule: {name: alternate, critic_updates: 3}
optimizer: {generator: rmsprop, critic: {name: sgd, lr: 1e-3, momentum: 0.9}}
train: {steps: 40, batch_size: 16, device: cpu, threads: 1}
"""


def make(text) -> Run:
    config = parse_config(text)
    run, _ = build(config, resolve(config, Registry.installed()), reporter(quiet=True))
    return run


def advance(run: Run, steps: int) -> Run:
    loop = Loop(run, Meter())
    for _ in range(steps):
        loop.step()
    return run


def tensors(run: Run):
    flat = {}
    for name, network in run._networks().items():
        flat |= {f"{name}.{key}": value.clone() for key, value in network.state_dict().items()}
    return flat


def continued(text, forget=None):
    state = advance(make(text), 20).state()
    if forget:
        forget(state)
    state = checkpoint.decode(checkpoint.encode(state), "memory")
    torch.manual_seed(12345)  # whatever a fresh process starts from
    run = make(text)
    run.restore(state)
    return tensors(advance(run, 20))


def differing(a, b):
    return [key for key in a if not torch.equal(a[key], b[key])]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))


@pytest.mark.parametrize("text", [ACGAN, WGAN_GP], ids=["acgan", "wgan_gp"])
def test_resume_is_exact(text):
    assert differing(tensors(advance(make(text), 40)), continued(text)) == []


@pytest.mark.parametrize("what", ["optimizers", "random", "position", "average", "step"])
def test_a_saver_that_forgets_is_caught(what):
    fresh = make(ACGAN).state()

    def forget(state):
        if what == "average":
            state["networks"]["average"] = fresh["networks"]["average"]
        else:
            state[what] = fresh[what]

    text = ACGAN.replace("steps: 40", "steps: 60") if what == "step" else ACGAN
    assert differing(tensors(advance(make(text), 40)), continued(text, forget))


def test_building_twice_gives_the_same_networks():
    assert differing(tensors(make(ACGAN)), tensors(make(ACGAN))) == []
    assert dataclasses.is_dataclass(make(WGAN_GP))
