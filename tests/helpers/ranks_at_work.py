"""What the tests of several processes have them do. Each process imports this file; ``start`` of ``processes`` begins them."""

import functools

import numpy as np
import torch
from torch import nn

from ganzoo.config import parse_config, resolve
from ganzoo.engine.build import build
from ganzoo.engine.distributed import ManyRanks, Ranks
from ganzoo.engine.distributed.whole_batch import GradientMean
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.errors import DivergenceError
from ganzoo.registry import Registry
from ganzoo.rules import Plan, Schedule
from ganzoo.ui.progress import reporter

installed = functools.cache(Registry.installed)


# Gradients.

GAME = """
data: digits
generator: {name: mlp, hidden: [8], norm: none, latent_dim: 4}
critic: CRITIC
loss: LOSS
schedule: {name: alternate}
optimizer: {generator: {name: sgd, lr: 0.5}, critic: {name: sgd, lr: 0.5}}
train: {steps: 4, batch_size: 8, device: cpu, threads: 1}
"""
PLAIN = "{name: mlp, hidden: [8]}"
FEATURES = "{name: feature_mlp, hidden: [8], features: 6}"
LABELS = "{name: acgan, width: 2, dropout: 0.0, norm: none}"
DOMAINS = """
data: {name: tinted, count: 12, size: 16}
generator: {name: cyclegan, width: 2, blocks: 1, halvings: 1}
critic: {name: cyclegan, width: 2, layers: 1}
loss: [least_squares, {name: least_squares, route: back}, cycle_consistency, identity_mapping]
schedule: {name: alternate, critic_updates: 2}
optimizer: {generator: {name: sgd, lr: 0.5}, critic: {name: sgd, lr: 0.5}}
train: {steps: 4, batch_size: 8, device: cpu, threads: 1}
"""  # of 12 sources and 9 samples, so that the second batch goes over the edges of two epochs
PARTS = "accumulate: 2"


def gradients(ranks, games, mutation=""):
    """For each game (a configuration, and which of its losses act), how far the ranks are from one process on the same whole batch.

    Rank 0 tells. Gradients and the parameters after them, in float64, relative to the largest gradient and parameter of the player.
    """
    mutate(mutation)
    together = {name: step_once(ranks, *game) for name, game in games.items()}
    alone = {name: (text.replace(PARTS, "accumulate: 1"), acting) for name, (text, acting) in games.items()}
    return {name: compare(step_once(Ranks(), *game), together[name]) for name, game in alone.items()} if ranks.is_main else {}


def compare(alone, together):
    differences = {}
    for kind, tensors in alone.items():
        assert [value is None for value in tensors] == [value is None for value in together[kind]], kind
        pairs = [(value, other) for value, other in zip(tensors, together[kind], strict=True) if value is not None]
        if pairs:
            largest = max(float(value.abs().max()) for value, _ in pairs)
            differences[kind] = max(float((value - other).abs().max()) for value, other in pairs) / largest
    return max(differences.values())


def step_once(ranks, game, acting):
    """Each player's gradients (None where there are none), and parameters after one step."""
    config = parse_config(game)
    run, _ = build(config, resolve(config, installed()), reporter(quiet=True), ranks)
    run.losses = {name: loss for name, loss in run.losses.items() if acting in ("all", name)}
    run.generator.double(), run.critic.double()
    following = run.batches.finish
    run.batches.finish = lambda stored: {
        name: value.double() if value.is_floating_point() else value for name, value in following(stored).items()
    }
    noise, first = Table(), ranks.rank * run.batches.share
    run.generator.draw = lambda n, device=None: {"latent": noise.rows(first, n, run.generator.latent_dim)}
    uniform, torch.rand = torch.rand, lambda n, *shape, **kind: noise.rows(first, n, *shape).sigmoid()
    try:
        Loop(run, Meter()).step()
    finally:
        torch.rand = uniform
    found = {}
    for network in (run.generator, run.critic):
        found[type(network).__name__] = [parameter.detach() for parameter in network.parameters()]
        found[f"gradients of {type(network).__name__}"] = [parameter.grad for parameter in network.parameters()]
    return found


class Table:
    """Random rows by number: whoever asks for row i in the k-th call gets the same, however the rows are shared out."""

    def __init__(self):
        self.calls = 0

    def rows(self, first, n, *shape):
        self.calls += 1
        return torch.from_numpy(np.random.default_rng(self.calls).standard_normal((64, *shape))[first : first + n])


def mutate(what):
    """Break something in this process, to see a test find out."""
    if what == "no all-reduce":
        ManyRanks._sum = lambda self, values: None
    elif what == "a sum in place of the mean":
        GradientMean.__call__ = lambda self, total, mean=GradientMean.__call__: _as_sum(self, mean(self, total))
    elif what == "no mask":
        GradientMean._union = lambda self, has: tuple(True for _ in has)
    else:
        assert not what


def _as_sum(gradients, total):
    for parameter in gradients._parameters:
        if parameter.grad is not None:
            parameter.grad *= gradients._size
    return total


def uneven_gradients(ranks, mutation=""):
    """Gradients on both ranks, on one, and on none."""
    mutate(mutation)
    both, one, none = (nn.Parameter(torch.zeros(2, 3)) for _ in range(3))
    both.grad = torch.full((2, 3), 1.0 + ranks.rank)
    if ranks.rank == 1:
        one.grad = torch.full((2, 3), 5.0)
    total = GradientMean([both, one, none], ranks._sum, ranks.size)(torch.tensor(float(ranks.rank)))
    return [None if p.grad is None else p.grad.tolist() for p in (both, one, none)], float(total)


class FreezeLater(Schedule):
    """The generator's first layer and its batch norm are frozen from step 1 on."""

    def plan(self, step, total):
        return Plan(frozen=("generator.net.0", "generator.net.1") if step else ())


ACGAN = """
data: digits
generator: {name: acgan, width: 4, latent_dim: 8}
critic: {name: acgan, width: 4, dropout: 0.3}
loss: [non_saturating, label_classification]
train: {steps: 40, batch_size: 8, ema: 0.9, device: cpu, threads: 1}
"""
WGAN_GP = """
data: {name: ring, count: 100}
generator: {name: mlp, hidden: [16, 16], latent_dim: 2, norm: batch}
critic: {name: mlp, hidden: [16, 16]}
loss: [wasserstein, gradient_penalty, {name: r1, every: 3}]
schedule: {name: alternate, critic_updates: 3}
train: {steps: 40, batch_size: 16, ema: 0.9, device: cpu, threads: 1}
"""


def freeze(ranks, mutation=""):
    """Whether what is frozen moved, and whether the rest did: Adam's momentum would move it at a gradient of zero."""
    mutate(mutation)
    config = parse_config(WGAN_GP)
    run, _ = build(config, resolve(config, installed()), reporter(quiet=True), ranks)
    run.schedule, loop = FreezeLater(), Loop(run, Meter())
    loop.step()
    parts = [[*part.parameters(), *part.buffers()] for part in (run.generator.net[:2], run.generator.net[2:])]
    before = [[value.detach().clone() for value in part] for part in parts]
    loop.step(), loop.step()
    return [any(not torch.equal(p, q) for p, q in zip(*pair, strict=True)) for pair in zip(before, parts, strict=True)]


# Training.


def train(ranks, text, steps):
    """What each rank has after ``steps``: parameters, batch-norm statistics, random numbers, and the samples and noise it had."""
    config = parse_config(text)
    run, notes = build(config, resolve(config, Registry.installed()), reporter(quiet=True), ranks)
    seen, noise, loss = [], [], next(iter(run.losses.values()))
    loss.register_buffer("number", torch.zeros(()))
    loss.after = lambda turn: loss.number.copy_(turn.fake["sample"].mean())  # of its share, as a loss may that knows of none
    following, draw = run.batches.finish, run.generator.draw
    run.batches.finish = lambda stored: keep(seen, following(stored))
    run.generator.draw = lambda n, device=None: keep(noise, draw(n, device))
    loop = Loop(run, meter := Meter(ranks))
    for _ in range(steps):
        loop.step()
    networks = run._networks()
    return {
        "parameters": {f"{n}.{k}": p.detach().numpy() for n, net in networks.items() for k, p in net.named_parameters()},
        "buffers": {f"{n}.{k}": b.numpy() for n, net in networks.items() for k, b in net.named_buffers() if "num_batches" not in k},
        "samples": [batch["sample"].numpy() for batch in seen],
        "noise": [drawn["latent"].numpy() for drawn in noise],
        "differing": ranks.differing({name: p for net in networks.values() for name, p in net.named_parameters()}),
        "log": meter.read(),
        "notes": notes,
        "number": float(loss.number),
    }


def keep(into, value):
    into.append(value)
    return value


def drift(ranks):
    """The name of the parameter that one bit of one rank is turned in; and "" before."""
    config = parse_config(WGAN_GP)
    run, _ = build(config, resolve(config, installed()), reporter(quiet=True), ranks)
    parameters = dict(run.generator.named_parameters())
    before = ranks.differing(parameters)
    name = list(parameters)[2]
    if ranks.rank == 1:
        parameters[name].detach().view(-1).view(torch.int32)[-1] ^= 1
    return before, name, ranks.differing(parameters)


def diverge(ranks):
    """What is said where the data of one rank is not finite; and whether a parameter is not finite afterwards."""
    config = parse_config(WGAN_GP)
    run, _ = build(config, resolve(config, installed()), reporter(quiet=True), ranks)
    following = run.batches.finish
    run.batches.finish = lambda stored: {
        name: value * float("nan") if ranks.rank == 1 else value for name, value in following(stored).items()
    }
    try:
        Loop(run, Meter(ranks)).step()
    except DivergenceError as error:
        return str(error), all(bool(torch.isfinite(p).all()) for p in run.critic.parameters())


def talk(ranks):
    """What each primitive gives."""
    told = torch.full((2, 2), float(ranks.rank)).t()
    ranks.broadcast([told])
    gathered = ranks.gather_object({"rank": ranks.rank, "value": torch.ones(ranks.rank)})
    return {
        "broadcast": told.tolist(),
        "mean": ranks.mean(torch.tensor([float(ranks.rank), 1.0])).tolist(),
        "gather": [(state["rank"], state["value"].tolist()) for state in gathered],
        "share": ranks.broadcast_object({"from": ranks.rank}),
        "agree": ranks.all_reduce_max(15 if ranks.rank == 1 else 0),
    }
