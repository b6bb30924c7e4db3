"""Configurations, good and bad, and a registry of components that they name."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ganzoo.errors import UserError
from ganzoo.params import Fraction, NonNegativeFloat, PositiveInt
from ganzoo.registry import Component, Registry


class Points:
    """Points on a ring.

    Args:
        modes: how many clusters.
        root: where they lie.
    """

    def __init__(self, *, modes: PositiveInt = 8, root: Path = Path("data")) -> None:
        self.modes = modes


class Network:
    """A network.

    Args:
        width: channels.
        norm: which normalisation.
        dropout: share of dropped activations.
        bias: whether layers have one.
        sizes: of hidden layers.
        betas: two numbers.
        scale: a number or a word.
    """

    def __init__(
        self,
        data: object,
        *,
        width: PositiveInt = 64,
        norm: Literal["batch", "layer", "none"] = "batch",
        dropout: Fraction = 0.0,
        bias: bool = True,
        sizes: tuple[PositiveInt, ...] = (128, 256),
        betas: tuple[float, float] = (0.0, 1.0),
        scale: float | Literal["auto"] = "auto",
    ) -> None:
        self.width = width


class Penalty:
    """A penalty with a weight that has no default."""

    def __init__(self, data: object, *, weight: NonNegativeFloat) -> None:
        if weight == 13:
            raise UserError("13 is unlucky", "take 12")


class Adversarial:
    """A loss without parameters."""

    def __init__(self, data: object) -> None: ...


class Alternate:
    """The plain schedule."""

    def __init__(self, data: object, *, critic_updates: PositiveInt = 1) -> None: ...


class Distance:
    """A metric."""

    def __init__(self, data: object, *, samples: PositiveInt = 1000) -> None: ...


class Watcher:
    """An observer."""


class Unusable:
    """Its constructor cannot be called from YAML."""

    def __init__(self, data: object, width: int) -> None: ...


def make_registry() -> Registry:
    registry = Registry([])
    registry.components = [
        Component("dataset", "ring", Points, "ganzoo-core", "0.1"),
        Component("generator", "mlp", Network, "ganzoo-vanilla", "1.0"),
        Component("generator", "net", Network, "ganzoo-one", "1.0"),
        Component("generator", "net", Network, "ganzoo-two", "2.0"),
        Component("generator", "gone", "no_such_module_here:Class", "ganzoo-gone", "1.0"),
        Component("generator", "unusable", Unusable, "ganzoo-gone", "1.0"),
        Component("critic", "mlp", Network, "ganzoo-vanilla", "1.0"),
        Component("loss", "hinge", Adversarial, "ganzoo-vanilla", "1.0"),
        Component("loss", "penalty", Penalty, "ganzoo-penalty", "3.1"),
        Component("schedule", "alternate", Alternate, "ganzoo-core", "0.1"),
        *(
            Component("optimizer", name.lower(), f"ganzoo.builtins.optimizers:{name}", "ganzoo-core", "0.1")
            for name in ("Adam", "RMSprop", "SGD")
        ),
        Component("metric", "distance", Distance, "ganzoo-core", "0.1"),
        Component("observer", "watcher", Watcher, "ganzoo-core", "0.1"),
    ]
    return registry


REGISTRY = make_registry()
GOOD = """\
data: ring
generator: {name: mlp, width: 32}
critic:
  name: mlp
  norm: none
loss: [hinge, {name: penalty, weight: 10}]
optimizer:
  critic: {name: adam, lr: 1e-4, betas: [0, 0.9]}
train: {steps: 5, ema: 0.99, matmul: high}
metrics: [{name: distance, every: 100, samples: 50}]
observers: [watcher]
"""
MINIMAL = "data: ring\ngenerator: mlp\ncritic: mlp\nloss: hinge\n"


LR = MINIMAL + "optimizer:\n  critic:\n    name: adam\n    lr: %s"
