"""The equalised learning rate, of linear layers and convolutions.

Weights are drawn from N(0, 1) and multiplied by He's constant, gain / sqrt(fan_in), in each forward rather than once, so that an
optimizer which divides by the size of the gradient moves all layers at the same relative speed. Karras et al., 2018, arXiv:1710.10196.
"""

from __future__ import annotations

import math
from typing import TypeVar

from torch import Tensor, nn
from torch.nn.utils import parametrize

Layer = TypeVar("Layer", nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


class Scale(nn.Module):
    """Multiplies a parameter by a constant.

    Args:
        factor: the constant.
    """

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, parameter: Tensor) -> Tensor:
        """The parameter as the layer uses it."""
        return parameter * self.factor


def equalised(layer: Layer, *, gain: float = 1.0, rate: float = 1.0, start: float = 0.0) -> Layer:
    """``layer`` with the equalised learning rate, changed in place: a parametrisation, as spectral norm is one.

    Args:
        layer: a linear layer or a convolution; its fan-in is the number of input values of one output value.
        gain: of He's constant; sqrt(2) makes up for a ReLU.
        rate: factor on the layer's learning rate, as of StyleGAN's mapping network: weights are drawn from N(0, 1 / rate^2), and weights
            and bias are multiplied by it in each forward.
        start: what the bias adds at the beginning.
    """
    shape = layer.weight.shape
    fan_in = shape[0] * shape[2:].numel() if isinstance(layer, nn.ConvTranspose2d) else shape[1:].numel()
    nn.init.normal_(layer.weight, std=1 / rate)
    parametrize.register_parametrization(layer, "weight", Scale(gain * rate / math.sqrt(fan_in)))
    if layer.bias is not None:
        nn.init.constant_(layer.bias, start / rate)
        if rate != 1:
            parametrize.register_parametrization(layer, "bias", Scale(rate))
    return layer
