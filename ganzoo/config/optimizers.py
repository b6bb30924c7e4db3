"""The optimizers a configuration can name, with their parameters. The engine makes them; here is no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from annotated_types import Ge, Lt

from ganzoo.errors import UserError
from ganzoo.params import NonNegativeFloat, PositiveFloat

Decay: TypeAlias = Annotated[float, Ge(0), Lt(1)]


@dataclass(frozen=True, kw_only=True)
class Adam:
    """Adam (Kingma and Ba, 2015); the defaults are those of Radford, Metz and Chintala (2016).

    Args:
        lr: learning rate.
        betas: decay of the means of the gradient and of its square.
        eps: added to the denominator.
        weight_decay: factor of the L2 penalty.
    """

    lr: PositiveFloat = 2e-4
    betas: tuple[Decay, Decay] = (0.5, 0.999)
    eps: PositiveFloat = 1e-8
    weight_decay: NonNegativeFloat = 0.0


@dataclass(frozen=True, kw_only=True)
class RMSprop:
    """RMSprop (Hinton, 2012); the learning rate is that of Arjovsky, Chintala and Bottou (2017).

    Args:
        lr: learning rate.
        alpha: decay of the mean of the squared gradient.
        eps: added to the denominator.
        momentum: share of the last update in the next one.
        weight_decay: factor of the L2 penalty.
    """

    lr: PositiveFloat = 5e-5
    alpha: Decay = 0.99
    eps: PositiveFloat = 1e-8
    momentum: Decay = 0.0
    weight_decay: NonNegativeFloat = 0.0


@dataclass(frozen=True, kw_only=True)
class SGD:
    """Stochastic gradient descent.

    Args:
        lr: learning rate.
        momentum: share of the last update in the next one.
        nesterov: whether the gradient is taken ahead, after the momentum; needs a momentum.
        weight_decay: factor of the L2 penalty.
    """

    lr: PositiveFloat = 0.01
    momentum: Decay = 0.0
    nesterov: bool = False
    weight_decay: NonNegativeFloat = 0.0

    def __post_init__(self) -> None:
        """Refuse what makes no sense together."""
        if self.nesterov and self.momentum == 0:
            raise UserError("nesterov needs a momentum above 0", "set momentum, for example 0.9", key="nesterov")


OPTIMIZERS: Mapping[str, type] = {"adam": Adam, "rmsprop": RMSprop, "sgd": SGD}
"""Name to parameters."""
