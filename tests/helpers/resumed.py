"""Runs that are cut in half: a configuration for each thing that a checkpoint has to hold."""

import pytest
import torch

from ganzoo import Loss, Plan, Schedule, compat
from ganzoo.compat.verdict import Verdict
from ganzoo.config import parse_config, resolve
from ganzoo.engine.build import build
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.engine.run import Run
from ganzoo.registry import Component, Registry
from ganzoo.ui.progress import reporter

ACGAN = """
data: digits
generator: {name: acgan, width: 4, latent_dim: 8}
critic: {name: acgan, width: 4, dropout: 0.3}
loss: [non_saturating, label_classification]
optimizer: {generator: {name: adam, lr: {from: 2e-4, to: 0, start: 0.3}}, critic: {name: adam, lr: {from: 2e-4, to: 0, start: 0.3}}}
train: {steps: 40, batch_size: 8, ema: 0.9, device: cpu, threads: 1}
"""
WGAN_GP = """
data: {name: ring, count: 100}
generator: {name: mlp, hidden: [16, 16], latent_dim: 2, norm: batch}
critic: {name: mlp, hidden: [16, 16]}
loss: [wasserstein, {name: gradient_penalty, weight: {from: 10, to: 1}}, {name: r1, every: 3}]
schedule: {name: alternate, critic_updates: 3}
optimizer: {generator: rmsprop, critic: {name: sgd, lr: 1e-3, momentum: 0.9}}
train: {steps: 40, batch_size: 16, ema: {half_life: {from: 20, to: 200}}, device: cpu, threads: 1}
"""
STATEFUL = """
data: {name: ring, count: 100}
generator: {name: mlp, hidden: [16], latent_dim: 2}
critic: {name: mlp, hidden: [16]}
loss: [minimax, pool]
schedule: growing
train: {steps: 40, batch_size: 16, ema: 0.5, device: cpu, threads: 1}
"""
DCGAN = """
data: digits
generator: {name: dcgan, width: 2, latent_dim: 4}
critic: {name: dcgan, width: 2, norm: batch}
loss: least_squares
schedule: {name: alternate, share_fake: true}
train: {steps: 40, batch_size: 4, device: cpu, threads: 1}
"""
RPGAN = "[relativistic_pairing, r1, r2]"


SMALL = {
    "style mixing, path lengths, a critic of pairs": (
        "{name: stylegan2, latent_dim: 4, style_dim: 4, mapping_layers: 2, width: 4, capacity: 32}",
        "{name: pac, m: 2, critic: {name: stylegan2, width: 4, capacity: 32, group: 2}}",
        "[non_saturating, {name: path_length, every: 2}]",
    ),
    "attention, changes at a given probability": (
        "{name: sagan, latent_dim: 4, width: 2, attention: 16}",
        "{name: sagan, width: 2, attention: 16}",
        "[hinge, augment]",
    ),
    "a latent in chunks, a frozen network": (
        "{name: biggan, latent_dim: 8, width: 2, embedding: 4, attention: 16}",
        "{name: biggan, width: 2, attention: 16}",
        "[hinge, orthogonal, {name: perceptual, network: digits, scale: 1.0}]",
    ),
    "a critic of patches": (
        "{name: dcgan, width: 2, latent_dim: 4}",
        "{name: spectrally_normalised, critic: {name: patchgan, width: 2}}",
        "[least_squares, pixel_l2]",
    ),
    "bottlenecks": (
        "{name: biggan_deep, latent_dim: 8, width: 4, embedding: 4, attention: 16}",
        "{name: biggan_deep, width: 4, attention: 16}",
        "hinge",
    ),
    "pairs, both penalties": (
        "{name: r3gan, latent_dim: 4, width: 4, blocks: 1, group: 2}",
        "{name: r3gan, width: 4, blocks: 1, group: 2}",
        RPGAN,
    ),
    "pairs, both penalties, labels": (
        "{name: r3gan_conditional, latent_dim: 4, width: 4, blocks: 1, group: 2}",
        "{name: r3gan_conditional, width: 4, blocks: 1, group: 2}",
        RPGAN,
    ),
    "an equilibrium of energies": ("{name: began_decoder, width: 2}", "{name: began_autoencoder, width: 2}", "boundary_equilibrium"),
    "energies within a margin": ("{name: mlp, hidden: [8]}", "{name: autoencoder, hidden: [8]}", "[energy_margin, pulling_away]"),
    "an unrolled critic": ("{name: mlp, hidden: [8]}", "{name: mlp, hidden: [8]}", "unrolled"),
}
"""Name -> generator, critic and losses of a few steps on digits of 32 pixels."""


def small(generator, critic, losses):
    """A few steps on digits of 32 pixels."""
    parts = f"data: {{name: digits, size: 32}}\ngenerator: {generator}\ncritic: {critic}\nloss: {losses}\n"
    return f"{parts}train: {{steps: 8, batch_size: 4, device: cpu, threads: 1}}\n"


CASES = {
    "mid-epoch, dropout, decaying rates, EMA": (ACGAN, 20, 1250),
    "epoch's edge, lazy penalty, momentum": (WGAN_GP, 60, 6),
    "critic updates across an epoch's edge": (WGAN_GP.replace("critic_updates: 3", "critic_updates: 5").replace("r1", "r2"), 100, 6),
    "weight clipping, the schedule of WGAN": (
        WGAN_GP.replace("{name: gradient_penalty, weight: {from: 10, to: 1}}, {name: r1, every: 3}", "weight_clip").replace(
            "{name: alternate, critic_updates: 3}", "{name: wgan, critic_updates: 2, boost_updates: 3}"
        ),
        60,
        6,
    ),
    "image pool, random views, values, a frozen loss": (STATEFUL, 20, 6),
    "spectral norm, projection onto labels, adaptive augmentation": (
        DCGAN.replace("{name: dcgan, width: 2, latent_dim: 4}", "{name: sn_resnet_conditional, width: 2, latent_dim: 4}")
        .replace("{name: dcgan, width: 2, norm: batch}", "{name: projection, width: 2}")
        .replace("least_squares", "[hinge, {name: ada, start: 0.5}]"),
        20,
        2500,
    ),
    "spectral norm, penalties on gradients and latents": (
        DCGAN.replace("{name: dcgan, width: 2, latent_dim: 4}", "{name: sn_resnet, width: 2, latent_dim: 4}")
        .replace("{name: dcgan, width: 2, norm: batch}", "{name: sn_resnet, width: 2}")
        .replace("least_squares", "[wasserstein, lipschitz_penalty, latent_consistency]")
        .replace("{name: alternate, share_fake: true}", "alternate"),
        20,
        2500,
    ),
    "features of the critic": (
        STATEFUL.replace("critic: {name: mlp, hidden: [16]}", "critic: {name: feature_mlp, hidden: [8], features: 4}")
        .replace("[minimax, pool]", "feature_matching")
        .replace("growing", "alternate"),
        20,
        6,
    ),
    "one fake for both turns, batch norm": (DCGAN, 20, 2500),
    **{name: (small(*parts), 4, 2500) for name, parts in SMALL.items()},
    "a batch in two parts": (small("mlp", "mlp", "[hinge, r1]").replace("threads: 1", "threads: 1, accumulate: 2"), 4, 2500),
}
"""Name -> configuration, batches taken after half of its steps, batches an epoch."""


class Pool(Loss):
    """A stateful loss: real points are jittered at random, and fakes are judged once more, drawn towards the last ones' mean."""

    def __init__(self, data):
        super().__init__()
        self.register_buffer("pool", torch.zeros(1, *data.shape))

    def view(self, fields, place, turn):
        return fields | {"sample": fields["sample"] + 0.01 * torch.randn_like(fields["sample"])} if place == "real" else fields

    def critic_terms(self, turn):
        return {"pool": 0.1 * turn.judge(turn.fake | {"sample": turn.fake["sample"].lerp(self.pool, 0.5)})["score"].mean()}

    def after(self, turn):
        if turn.side == "critic":
            self.pool.copy_(turn.fake["sample"].mean(0, keepdim=True))


class Growing(Schedule):
    """Ends the pool's part at step 25 and grows a value."""

    def __init__(self, data):
        super().__init__()

    def plan(self, step, total):
        return Plan(values={"alpha": step / total}, losses=None if step < 25 else frozenset({"minimax"}))


def registry() -> Registry:
    installed = Registry.installed()
    installed.components.append(Component("loss", "pool", Pool, "ganzoo-test", "1.0"))
    installed.components.append(Component("schedule", "growing", Growing, "ganzoo-test", "1.0"))
    return installed


def make(text, check=lambda *given: Verdict()) -> Run:
    """A run of a configuration; whether it fits is not what is tested here."""
    config = parse_config(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compat, "check", check)
        run, _ = build(config, resolve(config, registry()), reporter(quiet=True))
    return run


def advance(run: Run, steps: int) -> Run:
    loop = Loop(run, Meter())
    for _ in range(steps):
        loop.step()
    return run
