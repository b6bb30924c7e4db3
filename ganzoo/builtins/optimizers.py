"""Optimizers of the core: torch's, with the defaults of papers on GANs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, TypeAlias

import torch
from annotated_types import Ge, Lt
from torch.nn import Parameter

from ganzoo.errors import UserError
from ganzoo.params import NonNegativeFloat, PositiveFloat
from ganzoo.params.curves import Curved

Decay: TypeAlias = Annotated[float, Curved(), Ge(0), Lt(1)]

Momentum: TypeAlias = Annotated[float, Ge(0), Lt(1)]  # no curve: from 0 on, the first step decides whether there is a state at all


class Adam(torch.optim.Adam):
    """Adam; learning rate and first beta are those of Radford, Metz and Chintala (2016).

    Args:
        lr: learning rate.
        betas: decay of the means of the gradient and of its square.
        eps: added to the denominator.
        weight_decay: factor of the L2 penalty.
    """

    paper = "Kingma and Ba, 2015, arXiv:1412.6980"

    def __init__(
        self,
        params: Iterable[Parameter],
        *,
        lr: PositiveFloat = 2e-4,
        betas: tuple[Decay, Decay] = (0.5, 0.999),
        eps: PositiveFloat = 1e-8,
        weight_decay: NonNegativeFloat = 0.0,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)


class AdamW(torch.optim.AdamW):
    """Adam with decoupled weight decay: w <- w - lr * (Adam's update + weight_decay * w).

    Args:
        lr: learning rate.
        betas: decay of the means of the gradient and of its square.
        eps: added to the denominator.
        weight_decay: share of a weight that a step takes away, times the learning rate.
    """

    paper = "Loshchilov and Hutter, 2019, arXiv:1711.05101"

    def __init__(
        self,
        params: Iterable[Parameter],
        *,
        lr: PositiveFloat = 1e-3,
        betas: tuple[Decay, Decay] = (0.9, 0.999),
        eps: PositiveFloat = 1e-8,
        weight_decay: NonNegativeFloat = 0.01,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)


class RMSprop(torch.optim.RMSprop):
    """RMSprop; the learning rate is that of Arjovsky, Chintala and Bottou (2017).

    Args:
        lr: learning rate.
        alpha: decay of the mean of the squared gradient.
        eps: added to the denominator.
        momentum: share of the last update in the next one.
        weight_decay: factor of the L2 penalty.
    """

    paper = "Hinton, 2012, lecture notes; the rate: arXiv:1701.07875"

    def __init__(
        self,
        params: Iterable[Parameter],
        *,
        lr: PositiveFloat = 5e-5,
        alpha: Decay = 0.99,
        eps: PositiveFloat = 1e-8,
        momentum: Momentum = 0.0,
        weight_decay: NonNegativeFloat = 0.0,
    ) -> None:
        super().__init__(params, lr=lr, alpha=alpha, eps=eps, momentum=momentum, weight_decay=weight_decay)


class SGD(torch.optim.SGD):
    """Stochastic gradient descent.

    Args:
        lr: learning rate.
        momentum: share of the last update in the next one.
        nesterov: whether the gradient is taken ahead, after the momentum; needs a momentum.
        weight_decay: factor of the L2 penalty.
    """

    paper = "Robbins and Monro, 1951, Annals of Mathematical Statistics 22(3)"

    def __init__(
        self,
        params: Iterable[Parameter],
        *,
        lr: PositiveFloat = 0.01,
        momentum: Momentum = 0.0,
        nesterov: bool = False,
        weight_decay: NonNegativeFloat = 0.0,
    ) -> None:
        if nesterov and momentum == 0:
            raise UserError("nesterov needs a momentum above 0", "set momentum, for example 0.9", key="nesterov")
        super().__init__(params, lr=lr, momentum=momentum, nesterov=nesterov, weight_decay=weight_decay)
