"""What the tests of several processes have them do. Each process imports this file; ``start`` and ``command`` begin them.

Processes are forked from one that has torch and ganzoo imported, so that a dozen tests pay for that once.
"""

import functools
import os
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from forked import SECONDS, context
from torch import nn

from ganzoo.cli import invoke
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


# Beginning processes.


def start(size, work, *arguments):
    """What ``work(ranks, *arguments)`` returns on each of ``size`` ranks, in order."""
    with tempfile.TemporaryDirectory() as folder:
        pipes, processes = [], []
        for rank in range(size):
            ours, theirs = context.Pipe(duplex=False)
            task = (theirs, str(Path(folder) / "store"), rank, size, dict(os.environ), work, arguments)
            processes.append(context.Process(target=_join_and_work, args=task, daemon=True))
            processes[-1].start()
            theirs.close()
            pipes.append(ours)
        try:
            answers = [pipe.recv() if pipe.poll(SECONDS) else ("no answer", None) for pipe in pipes]
        finally:
            for process in processes:
                process.join(5)
                process.kill()
    for trouble, _ in answers:
        assert not trouble, trouble
    return [result for _, result in answers]


def _join_and_work(pipe, store, rank, size, environment, work, arguments):
    os.environ.update(environment)
    torch.set_num_threads(1)
    try:
        pipe.send(("", work(ManyRanks(dist.FileStore(store, size), rank, size, rank), *arguments)))
    except BaseException:
        pipe.send((traceback.format_exc(), None))


@dataclass
class Command:
    """A ganzoo command as torchrun would start it: ``size`` processes, here without torchrun."""

    processes: list
    folder: Path
    store: dist.TCPStore

    def wait(self):
        """The exit codes, and what was written to stdout and stderr together."""
        for process in self.processes:
            process.join(SECONDS)
            assert process.exitcode is not None, "a process goes on"
        return [process.exitcode for process in self.processes], self.written()

    def written(self):
        return "".join(path.read_text() for path in sorted(self.folder.glob("rank-*.txt")))


def command(size, folder, *arguments, local=False):
    """Start ``ganzoo ARGUMENTS`` on ``size`` ranks in ``folder``; the store is held here, as torchrun's agent holds it."""
    store = dist.TCPStore("127.0.0.1", 0, None, is_master=True, wait_for_workers=False)
    shared = {"WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(store.port), "TORCHELASTIC_USE_AGENT_STORE": "True"}
    processes = []
    for rank in range(size):
        environment = {**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)}
        task = (environment, str(folder), f"rank-{rank}.txt", list(map(str, arguments)))
        processes.append(context.Process(target=_invoke, args=task, daemon=True))
        processes[-1].start()
    return Command(processes, Path(folder), store)


def _invoke(environment, folder, name, arguments):
    os.environ.update(environment)
    os.chdir(folder)
    torch.set_num_threads(1)
    file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os._exit(_exit_code(arguments))


def _exit_code(arguments):
    try:
        return invoke(arguments)
    except SystemExit as end:
        return end.code


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


def gradients(ranks, games, mutation=""):
    """For each game (a configuration, and which of its losses act), how far the ranks are from one process on the same batch.

    Rank 0 tells. Gradients and the parameters after them, in float64, relative to the largest gradient and parameter of the player.
    """
    mutate(mutation)
    together = {name: step_once(ranks, *game) for name, game in games.items()}
    return {name: compare(step_once(Ranks(), *game), together[name]) for name, game in games.items()} if ranks.is_main else {}


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
    seen, noise = [], []
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
