"""The residual block of WGAN-GP's networks and the layers it is made of, with the authors' initial weights."""

from __future__ import annotations

import math
from typing import Literal

from torch import Tensor, nn

Norm = Literal["batch", "layer", "none"]
Resample = Literal["up", "down", "same"]


class ResidualBlock(nn.Module):
    """Pre-activation block, (N, before, H, W) -> (N, after, H', W'): shortcut(x) + conv(relu(norm(conv(relu(norm(x)))))).

    Args:
        before, after: channels of the input and of the output.
        resample: "up" doubles the side before the first convolution, "down" halves it after the second.
        norm: before each activation.
        of_image: the input is the image itself, which no activation may clip before the first convolution.
    """

    def __init__(self, before: int, after: int, resample: Resample, norm: Norm, *, of_image: bool = False) -> None:
        super().__init__()
        middle = before if resample == "down" and not of_image else after
        enlarge: list[nn.Module] = [nn.Upsample(scale_factor=2)] if resample == "up" else []
        reduce: list[nn.Module] = [nn.AvgPool2d(2)] if resample == "down" else []
        self.path = nn.Sequential(
            *([] if of_image else [*normalisation(norm, before), nn.ReLU()]),
            *enlarge,
            convolution(before, middle, 3, bias=norm == "none"),
            *normalisation(norm, middle),
            nn.ReLU(inplace=True),
            convolution(middle, after, 3),
            *reduce,
        )
        # A 1 x 1 convolution commutes with both resamplings, so it runs at the smaller size.
        self.shortcut: nn.Module = nn.Identity()
        if resample != "same" or before != after:
            self.shortcut = nn.Sequential(*reduce, convolution(before, after, 1, he_init=False), *enlarge)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, before, H, W) to (N, after, H', W')."""
        out: Tensor = self.shortcut(x) + self.path(x)
        return out


def normalisation(norm: Norm, channels: int) -> list[nn.Module]:
    """The layer that normalises ``channels`` channels; none for "none"."""
    if norm == "none":
        return []
    return [nn.BatchNorm2d(channels) if norm == "batch" else nn.GroupNorm(1, channels)]


def convolution(before: int, after: int, kernel: int, *, bias: bool = True, he_init: bool = True) -> nn.Conv2d:
    """A convolution that keeps the side; weights uniform with variance 2 / (fan_in + fan_out), or twice that with ``he_init``.

    What the authors' code calls he_init is Glorot's initialisation with the gain sqrt(2) that makes up for a ReLU.
    """
    layer = nn.Conv2d(before, after, kernel, padding=kernel // 2, bias=bias)
    nn.init.xavier_uniform_(layer.weight, gain=math.sqrt(2) if he_init else 1.0)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def linear(before: int, after: int) -> nn.Linear:
    """A linear layer; weights uniform with variance 2 / (fan_in + fan_out), biases 0."""
    layer = nn.Linear(before, after)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
