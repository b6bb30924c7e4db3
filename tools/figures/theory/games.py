"""Trains critics to their optimum. A game is a configuration as users write it; losses and critics are the installed ones."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo import Turn
from ganzoo.config import parse_config, resolve
from ganzoo.config.yaml_writer import dump
from ganzoo.engine.build import build
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.engine.run import Run
from ganzoo.registry import Component, Registry
from ganzoo.ui.progress import Reporter

from .parts import PARTS

Values = dict[str, Any]
"""Part of a configuration, as YAML reads it."""
Losses = str | Values | Sequence[str | Values]
"""What stands under ``loss:``."""
ADAM: Values = {"name": "adam", "lr": 1e-2, "betas": [0.9, 0.999]}
RMSPROP: Values = {"name": "rmsprop", "lr": 1e-3}


@dataclass(frozen=True)
class Game:
    """A game that has been played.

    Args:
        run: the run at its end.
        records: what a run logs in ``metrics.jsonl``: the means over each ``every`` updates, in order.
        every: updates that one record is the mean of.
    """

    run: Run
    records: Sequence[Mapping[str, float]]
    every: int

    @property
    def final(self) -> Mapping[str, float]:
        """What was logged last, when the learning rate had fallen to almost 0."""
        return self.records[-1]

    @torch.no_grad()
    def scores(self, points: Tensor) -> Tensor:
        """The critic's raw scores (N,) of ``points`` (N, D)."""
        scores: Tensor = self.run.critic(points)["score"]
        return scores


def play(
    data: Values,
    generator: Values,
    loss: Losses,
    *,
    hidden: Sequence[int] = (64, 64),
    activation: str = "leaky_relu",
    optimizer: Values = ADAM,
    steps: int = 600,
    batch_size: int = 256,
    every: int = 25,
    faulty: Mapping[str, type] | None = None,
    prepare: Callable[[Run], None] | None = None,
) -> Game:
    """Train a critic against a frozen generator.

    Args:
        data: the data set with its parameters.
        generator: parameters of the generator ``disturbed``.
        loss: one loss or a list.
        hidden: units of each hidden layer of the critic ``mlp``.
        activation: of the critic ``mlp``.
        optimizer: the critic's.
        steps: critic updates; the learning rate falls over the last half of them.
        batch_size: samples of each side in an update; all of the data makes every update the same function's.
        every: updates that one record is the mean of.
        faulty: losses by name, to be found beside those installed: deliberate faults.
        prepare: changes the run before its first step.
    """
    config = {
        "data": data,
        "generator": {"name": "disturbed", **generator},
        "critic": {"name": "mlp", "hidden": list(hidden), "activation": activation},
        "loss": loss if isinstance(loss, str | dict) else list(loss),
        "schedule": "critic_only",
        "optimizer": {"critic": {**optimizer, "lr": {"from": optimizer["lr"], "to": 0, "start": 0.5}}},
        "train": {"steps": steps, "batch_size": batch_size, "device": "cpu", "precision": "fp32"},
    }
    parsed = parse_config(dump(config))
    run, _ = build(parsed, resolve(parsed, registry({**PARTS, "loss": faulty or {}})), Reporter(sys.stderr))
    if prepare:
        prepare(run)
    meter, records = Meter(), []
    loop = Loop(run, meter)
    while run.step < steps:
        loop.step()
        if run.step % every == 0:
            records.append(meter.read())
    return Game(run, records, every)


def registry(parts: Mapping[str, Mapping[str, type]]) -> Registry:
    """What is installed, and ``parts`` (kind -> name -> class) beside it."""
    found = Registry.installed()
    found.components += [Component(kind, name, cls, "theory", "0") for kind, named in parts.items() for name, cls in named.items()]
    return found


def two_normals(loss: Losses, *, shift: float = 1.0, count: int = 2048, **changes: Any) -> Game:
    """Data from N(0, 1), fakes from N(shift, 1), all ``count`` quantiles of both in every update."""
    return play({"name": "normal_quantiles", "count": count}, {"shift": [shift]}, loss, batch_size=count, **changes)


def two_points(loss: Losses, *shift: float, **changes: Any) -> Game:
    """All of the data at the origin, all fakes at ``shift``: whatever the critic does, mass moves along one line."""
    return play({"name": "origin", "dimensions": len(shift)}, {"shift": list(shift)}, loss, **changes)


def swiss_roll(constraint: Values, *, steps: int = 600, **changes: Any) -> Game:
    """A critic of 12 layers between a spiral and the same spiral under unit noise, kept in bounds by ``constraint``."""
    prepare = start_within(constraint["clip"]) if "clip" in constraint else None
    network = {"hidden": [64] * 11, "activation": "relu", "optimizer": RMSPROP, "prepare": prepare}
    return play({"name": "swiss_roll"}, {"shift": [0.0, 0.0], "noise": 1.0}, ["wasserstein", constraint], steps=steps, **network | changes)


def start_within(bound: float) -> Callable[[Run], None]:
    """Start the critic with parameters spread evenly between the bounds: what piles up there later, training put there."""

    def prepare(run: Run) -> None:
        for parameter in run.critic.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    return prepare


def gradient_norms(game: Game) -> list[float]:
    """Norms of the gradient of mean f - mean r by each hidden layer's activations, from the input's side to the score's.

    In float64: under clipping they leave float32's range.
    """
    run = copy.deepcopy(game.run)
    critic = run.critic.double()
    activations: list[Tensor] = []
    for layer in critic.modules():
        if isinstance(layer, nn.ReLU):
            layer.register_forward_hook(lambda layer, given, made: activations.append(made))
    real = {name: value.double() for name, value in run.batches.next().items()}
    drawn = {name: value.double() for name, value in run.generator.draw(run.batches.size).items()}
    terms = run.losses["wasserstein"].critic_terms(Turn("critic", run.generator, critic, real, drawn))
    gradients = torch.autograd.grad(terms["adversarial"], activations)
    layers = len(gradients) // 2  # each layer once for the fakes and once for the real samples
    return [float(torch.hypot(a.norm(), b.norm())) for a, b in zip(gradients[:layers], gradients[layers:], strict=True)]


def weights(game: Game) -> Tensor:
    """All weights of the critic's layers in one row, biases left out."""
    return torch.cat([layer.weight.detach().flatten() for layer in game.run.critic.modules() if isinstance(layer, nn.Linear)])


def share_at_bounds(values: Tensor, bound: float) -> float:
    """Share of ``values`` in the outermost hundredth of [-bound, bound]; what lies outside does not count."""
    sizes = values.abs() / bound
    return float(((sizes >= 0.99) & (sizes <= 1 + 1e-6)).float().mean())  # 1e-6: the bound itself, rounded to float32
