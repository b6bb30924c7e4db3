"""What is compared: data sets with their networks, losses, regularisers, and the random settings that every pair is tried with."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

Values = dict[str, Any]
Number = TypeVar("Number", int, float)
DRAWS = 6
"""Random settings of a cell, trained with seed 0."""
MORE_SEEDS = (1, 2)
"""The seeds that the best of them is trained with beside."""
RATE = (3e-4, 3e-3)
"""Both learning rates at the start lie between these, each order of magnitude as likely."""
BETAS, CRITIC_UPDATES = (0.0, 0.0, 0.5, 0.5, 0.9, 0.9), (1, 1, 1, 2, 3, 5)
"""Adam's first beta and the critic's updates a step: each value goes to one draw."""
RATES: Values = {"from": 1e-3, "to": 0, "start": 0.5}
ADAM: Values = {"name": "adam", "lr": RATES, "betas": [0.5, 0.9]}
MLP: Values = {"name": "mlp", "hidden": [128, 128, 128], "activation": "relu"}


@dataclass(frozen=True)
class Data:
    """A data set with its networks and how its generators are judged.

    Args:
        config: what all of its trials have in common.
        metric: the metric that judges them.
        modes: how many modes it has; 0: the metric's own first number is the score, and less of it is better.
        seconds: CPU seconds of training that a trial gets.
        bound: a trial with a score worse than this has failed.
        limits: of the picture's axis.
        called: what the score is called.
    """

    config: Values
    metric: str
    modes: int
    seconds: float
    bound: float
    limits: tuple[float, float]
    called: str

    def score(self, numbers: Mapping[str, float]) -> float:
        """The one number that trials are compared by: the share of high quality times the share of modes, or the distance."""
        return numbers["high_quality"] * numbers["modes"] / self.modes if self.modes else numbers[self.metric]

    @property
    def sign(self) -> int:
        """1 where a larger score is better, -1 where a smaller one is."""
        return 1 if self.modes else -1


def toy(name: str, modes: int) -> Data:
    """2-D points under the networks of ``zoo_configs/ring_lsgan.yaml``."""
    networks: Values = {"generator": {**MLP, "latent_dim": 2}, "critic": MLP}
    config = {"data": {"name": name}, **networks, "train": {"batch_size": 256, "threads": 1, "device": "cpu"}}
    return Data(config, "modes", modes, 10.0, 0.5, (0.0, 1.0), "share of high quality x share of modes")


DATA: Mapping[str, Data] = {
    "ring": toy("ring", 8),
    "grid": toy("grid", 25),
    "digits": Data(
        {
            "data": {"name": "digits"},
            "generator": {"name": "dcgan", "width": 32, "latent_dim": 64, "init_std": 0.05},
            "critic": {"name": "dcgan", "width": 32, "norm": "none", "init_std": 0.05},
            "train": {"batch_size": 32, "threads": 1, "device": "cpu", "ema": 0.998},
        },
        "classifier_fid",
        0,
        38.0,
        200.0,
        (0.0, 400.0),
        "classifier-FID",
    ),
}
"""In the order that they are run in."""


@dataclass(frozen=True)
class Part:
    """A regulariser, or a loss that has a critic of its own.

    Args:
        losses: what stands under ``loss:``, without its weight.
        weight: the parameter that is drawn, the same for each of ``losses``; "": none.
        weights: it is drawn between these, each order of magnitude as likely.
        critic: in the place of the data's; "inner" stands for that.
        why: of the range.
    """

    losses: tuple[str, ...] = ()
    weight: str = ""
    weights: tuple[float, float] = (1.0, 1.0)
    critic: Values | None = None
    why: str = "has none"


PENALTY = "0.1 in the authors' program for points, 10 in the paper"
R1 = "0.02 in `ring_non_saturating.yaml`, 10 in the paper"
REGULARISERS: Mapping[str, Part] = {
    "none": Part(),
    "r1": Part(("r1",), "gamma", (0.01, 10.0), why=R1),
    "gradient_penalty": Part(("gradient_penalty",), "weight", (0.01, 10.0), why=PENALTY),
    "spectral": Part(critic={"name": "spectrally_normalised", "critic": "inner"}),
    "r1_r2": Part(("r1", "r2"), "gamma", (0.01, 10.0), why=R1),
    "dragan": Part(("dragan",), "weight", (0.01, 10.0), why="0.1 in `ring_dragan.yaml`, 10 in the paper"),
    "weight_clip": Part(("weight_clip",), "clip", (0.003, 0.3), why="0.01 in the paper, 0.1 in `wgan_mnist.yaml`"),
}
"""In the order that they are run in: each with every loss before the next."""
LOSSES = (
    *("minimax", "non_saturating", "least_squares", "wasserstein", "hinge", "relativistic_pairing", "relativistic_average"),
    *("boundary_equilibrium", "energy_margin"),
)
OWN: Mapping[str, Part] = {
    "boundary_equilibrium": Part((), "gamma", (0.3, 0.7), {"name": "began_autoencoder", "width": 16}, "about its default, 0.5"),
    "energy_margin": Part(
        (), "margin", (0.1, 1.0), {"name": "autoencoder"}, "grey is 0.93 from a digit as energies are counted, the mean digit 0.25"
    ),
}
"""Losses of critics of their own, and what is drawn of them in the place of a regulariser's weight."""
FIXED: Mapping[str, Values] = {"boundary_equilibrium": {"rate": 0.01}}
"""What else is set: BEGAN's k would not move within so few steps with the paper's rate of 0.001."""


@dataclass(frozen=True)
class Cell:
    """A loss with a regulariser, on a data set."""

    data: str
    loss: str
    regulariser: str

    @property
    def name(self) -> str:
        """As the command takes it."""
        return f"{self.data}/{self.loss}/{self.regulariser}"

    def config(self) -> Values:
        """What all trials of the cell have in common."""
        data, own = DATA[self.data].config, OWN.get(self.loss)
        critic = (own or REGULARISERS[self.regulariser]).critic or data["critic"]
        critic = {**critic, "critic": data["critic"]} if critic.get("critic") == "inner" else critic
        return {
            **data,
            "critic": critic,
            "loss": self.loss_of(0.5),
            "schedule": {"name": "alternate", "critic_updates": 1},
            "optimizer": {"generator": ADAM, "critic": ADAM},
            "train": {**data["train"], "steps": 1000},
            "log": {"every": 100},
            "sample": {"every": 1_000_000, "count": 64},
            "checkpoint": {"every": 1_000_000, "keep": 1},
            "metrics": [{"name": DATA[self.data].metric}],
        }

    def loss_of(self, quantile: float) -> list[str | Values]:
        """What stands under ``loss:``, with the weight at this quantile of its range, which is logarithmic."""
        part = OWN.get(self.loss) or REGULARISERS[self.regulariser]
        weight = {part.weight: between(part.weights, quantile)} if part.weight else {}
        own: Values = {"name": self.loss, **FIXED.get(self.loss, {}), **(weight if self.loss in OWN else {})}
        return [own, *({"name": name, **weight} for name in part.losses)]


def why_not(loss: str, regulariser: str, data: str) -> str:
    """Why a pair makes no sense on some data; "" where it does."""
    if loss in OWN and data != "digits":
        return "on points; an autoencoder of two numbers learns to copy all of them, fakes as well"
    if loss in OWN and regulariser != "none":
        return "with a regulariser; the critic is an autoencoder, and penalties on its score's slope were not made for an error"
    if regulariser == "weight_clip" and loss != "wasserstein":
        return "with `weight_clip`; it is the Wasserstein loss's own way to bound a critic"
    return ""


CELLS: tuple[Cell, ...] = tuple(
    Cell(data, loss, regulariser)
    for data in DATA
    for regulariser in REGULARISERS
    for loss in LOSSES
    if not why_not(loss, regulariser, data)
)
"""In the order that they are run in."""


def drawn(cell: Cell, number: int) -> Values:
    """The random settings ``number`` of a cell, as keys of a configuration, without the steps.

    They follow from the number alone: all losses are tried with the same rates, betas and updates, and all weights lie at the same
    place in their ranges.
    """
    generator, critic, weight = (quantiles(what)[number] for what in ("generator", "critic", "weight"))
    beta, updates = shuffled("beta", BETAS)[number], shuffled("updates", CRITIC_UPDATES)[number]
    return {
        "optimizer.generator.lr.from": between(RATE, generator),
        "optimizer.critic.lr.from": between(RATE, critic),
        "optimizer.generator.betas": [beta, 0.9],
        "optimizer.critic.betas": [beta, 0.9],
        "schedule.critic_updates": updates,
        "loss": cell.loss_of(weight),
    }


def quantiles(what: str) -> list[float]:
    """One number for each draw, uniform in [0, 1], each sixth of which has one (a Latin hypercube): six draws leave no part out."""
    return [(part + random.Random(f"{what} {part}").random()) / DRAWS for part in shuffled(what, range(DRAWS))]


def shuffled(what: str, values: Sequence[Number]) -> list[Number]:
    """The values in a random order that follows from ``what``."""
    return random.Random(what).sample(values, len(values))


def between(bounds: tuple[float, float], quantile: float) -> float:
    """The value at a quantile of a range, each order of magnitude as likely, to three digits."""
    low, high = (math.log(bound) for bound in bounds)
    return float(f"{math.exp(low + quantile * (high - low)):.3g}")
