"""The formulas of losses and penalties in float64, a critic to hold them against, and both in a run: on ranks, and resumed."""

import copy
import math
from unittest import mock

import torch
from torch import nn

from ganzoo import Critic
from ganzoo.config import parse_config, resolve
from ganzoo.engine.build import build
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.registry import Component, Registry
from ganzoo.rundir import checkpoint
from ganzoo.ui.progress import reporter

K = 3


class Shaped(Critic):
    """A smooth critic of scores of any shape, which may depend on the label."""

    gives = frozenset({"score", "label_logits", "features"})

    def __init__(self, shape, conditional, pixels=16, classes=K):
        super().__init__()
        random = torch.Generator().manual_seed(3)

        def draw(*size):
            return nn.Parameter(torch.randn(*size, generator=random, dtype=torch.float64) / 3)

        self.shape = shape
        self.hidden, self.scores, self.logits = draw(pixels, 8), draw(8, math.prod(shape)), draw(8, classes)
        self.classes = draw(classes, 8) if conditional else None

    def forward(self, sample, label):
        hidden = torch.tanh(sample.flatten(1) @ self.hidden)
        hidden = hidden if self.classes is None else hidden * self.classes[label]
        return {"score": (hidden @ self.scores).reshape(len(sample), *self.shape), "label_logits": hidden @ self.logits, "features": hidden}


def plus(value):
    """ln(1 + e^x), written out."""
    return torch.log1p(torch.exp(value))


def gradients(critic, sample, label):
    """(N, D): of the mean over a sample's scores, each sample by itself."""
    rows = []
    for i in range(len(sample)):
        one = sample[i : i + 1].detach().requires_grad_()
        rows.append(torch.autograd.grad(critic(one, label[i : i + 1])["score"].mean(), one)[0].flatten())
    return torch.stack(rows)


def norms(critic, sample, label):
    return gradients(critic, sample, label).square().sum(1).sqrt()


def nll(critic, sample, label):
    logits = critic(sample, label)["label_logits"]
    return -torch.stack([logits[i, k] - logits[i].exp().sum().log() for i, k in enumerate(label.tolist())]).mean()


# Name -> (critic's objective, generator's objective) of the real scores r, the fake scores f; None: it has none.
SCORES = {
    "non_saturating": (lambda r, f: plus(-r).mean() + plus(f).mean(), lambda r, f: plus(-f).mean()),
    "minimax": (lambda r, f: plus(-r).mean() + plus(f).mean(), lambda r, f: -plus(f).mean()),
    "least_squares": (lambda r, f: ((r - 1) ** 2).mean() / 2 + (f**2).mean() / 2, lambda r, f: ((f - 1) ** 2).mean() / 2),
    "hinge": (lambda r, f: (1 - r).clamp(min=0).mean() + (1 + f).clamp(min=0).mean(), lambda r, f: -f.mean()),
    "wasserstein": (lambda r, f: f.mean() - r.mean(), lambda r, f: -f.mean()),
    "energy_margin": (lambda r, f: (1 + f).clamp(min=0).mean() - r.mean(), lambda r, f: -f.mean()),
    "boundary_equilibrium": (lambda r, f: 0.25 * f.mean() - r.mean(), lambda r, f: -f.mean()),
    "relativistic_pairing": (lambda r, f: plus(f - r).mean(), lambda r, f: plus(r - f).mean()),
    "relativistic_average": (
        lambda r, f: (plus(f.mean() - r).mean() + plus(f - r.mean()).mean()) / 2,
        lambda r, f: (plus(r.mean() - f).mean() + plus(r - f.mean()).mean()) / 2,
    ),
}
# Name -> the critic's term of the critic, real samples, fakes and labels; uniform random numbers are 0.5 here (see ``halves``).
PENALTIES = {
    "r1": lambda critic, real, fake, label: 5 * norms(critic, real, label).square().mean(),
    "r2": lambda critic, real, fake, label: 5 * norms(critic, fake, label).square().mean(),
    "gradient_penalty": lambda critic, real, fake, label: 10 * (norms(critic, (real + fake) / 2, label) - 1).square().mean(),
    "lipschitz_penalty": lambda critic, real, fake, label: 10 * (norms(critic, (real + fake) / 2, label) - 1).clamp(min=0).square().mean(),
    "wgan_div": lambda critic, real, fake, label: 2 * norms(critic, (real + fake) / 2, label).pow(6).mean(),
    "dragan": lambda critic, real, fake, label: (
        10 * (norms(critic, real + 0.5 * 0.5 * real.std(correction=0) * 0.5, label) - 1).square().mean()
    ),
    "score_drift": lambda critic, real, fake, label: 1e-3 * critic(real, label)["score"].square().mean(),
    "lecam": lambda critic, real, fake, label: (
        0.3 * (critic(real, label)["score"] + 0.25 / (1 - 0.99**2)).clamp(min=0).square().mean()
        + 0.3 * (0.5 / (1 - 0.99**2) - critic(fake, label)["score"]).clamp(min=0).square().mean()
    ),
}
# Name -> side -> its term, likewise.
OTHERS = {name: {"critic": formula} for name, formula in PENALTIES.items()} | {
    "label_classification": {
        "critic": lambda critic, real, fake, label: nll(critic, real, label) + nll(critic, fake, label),
        "generator": lambda critic, real, fake, label: nll(critic, fake, label),
    },
    "feature_matching": {
        "critic": lambda critic, real, fake, label: SCORES["minimax"][0](critic(real, label)["score"], critic(fake, label)["score"]),
        "generator": lambda critic, real, fake, label: (
            (critic(real, label)["features"].mean(0) - critic(fake, label)["features"].mean(0)).square().sum()
        ),
    },
    "pixel_l1": {"generator": lambda critic, real, fake, label: 100 * (real - fake).abs().mean()},
    "pixel_l2": {"generator": lambda critic, real, fake, label: (real - fake).square().mean()},
}
# Name -> what it keeps between updates, as the formulas have it.
KEPT = {"boundary_equilibrium": {"k": 0.25}, "lecam": {"real": 0.5, "fake": -0.25, "updates": 2.0}}


def built(name, data):
    """A loss in float64, with what it keeps between updates."""
    loss = Registry.installed().find("loss", name).load()(data).double()
    for buffer, value in KEPT.get(name, {}).items():
        getattr(loss, buffer).fill_(value)
    return loss


# In a run.

GAME = """
data: digits
generator: {name: mlp, hidden: [8], latent_dim: 4}
critic: patches
loss: non_saturating
train: {steps: 40, batch_size: 4, device: cpu, threads: 1}
"""


class Patches(Shaped):
    """Gives each digit, by its label, scores in patches; steep enough that a penalty on gradients over 1 is not 0."""

    def __init__(self, data):
        super().__init__((3, 2), True, math.prod(data.shape), data.classes)
        self.scores.data.mul_(10)


def a_run(ranks):
    registry, config = Registry.installed(), parse_config(GAME)
    registry.components.append(Component("critic", "patches", Patches, "ganzoo-test", "1.0"))
    run, _ = build(config, resolve(config, registry), reporter(quiet=True), ranks)
    run.generator.double()
    finish, draw = run.batches.finish, run.generator.draw
    run.batches.finish = lambda stored: {name: v.double() if v.is_floating_point() else v for name, v in finish(stored).items()}
    run.generator.draw = lambda n, device=None: {"latent": draw(n, device)["latent"].double()}
    return run


def apart(ranks, resumed=False):
    """Loss and side -> how far its value in a run is from the formula on the whole batch, relative to that. Rank 0 tells."""
    run, found = a_run(ranks), {}
    if resumed:
        Loop(run, Meter()).step()
        state = checkpoint.decode(checkpoint.encode(run.state()), "memory")
        run = a_run(ranks)
        run.restore(state)
    with mock.patch("torch.rand", halves), mock.patch("torch.rand_like", lambda value: torch.full_like(value, 0.5)):
        for name in (*SCORES, *OTHERS):
            run.losses = {name: built(name, run.data)}
            for side, (value, formula) in values(run, name, ranks).items():
                found[f"{name}, {side}"] = abs(value - formula) / abs(formula)
    return found


def values(run, name, ranks):
    """The values of one loss in the next step, with those of its formula: side -> (value, formula)."""
    loss, found = run.losses[name], {}

    def watch(side, terms):
        def watched(turn):
            if given := terms(turn):
                seen = {"real": turn.real["sample"], "fake": turn.fake["sample"].detach(), "label": turn.real["label"]}
                shares = ranks.gather_object(seen | {"value": sum(given.values()).detach()})
                found[side] = by_formula(name, side, copy.deepcopy(turn.critic), shares) if ranks.is_main else (1.0, 1.0)
            return given

        return watched

    loss.critic_terms, loss.generator_terms = (watch(side, getattr(loss, f"{side}_terms")) for side in ("critic", "generator"))
    Loop(run, Meter(ranks)).step()
    return found


def by_formula(name, side, critic, shares):
    real, fake, label = (torch.cat([share[field] for share in shares]) for field in ("real", "fake", "label"))
    if name in OTHERS:
        formula = OTHERS[name][side](critic, real, fake, label)
    else:
        formula = SCORES[name][side == "generator"](critic(real, label)["score"], critic(fake, label)["score"])
    return sum(share["value"].item() for share in shares) / len(shares), formula.item()


def halves(*size, dtype=None, device=None):
    """Uniform random numbers that are all 0.5."""
    return torch.full(size, 0.5, dtype=dtype)
