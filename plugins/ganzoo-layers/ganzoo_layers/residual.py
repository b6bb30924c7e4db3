"""The residual blocks of SAGAN and BigGAN, spectral norm, and batch norm whose gain and offset depend on a condition.

Blocks: Zhang et al., 2019, arXiv:1805.08318; Brock et al., 2019, arXiv:1809.11096. Batch norm: Dumoulin et al., 2017, arXiv:1610.07629.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

Layer = TypeVar("Layer", nn.Linear, nn.Conv2d, nn.Embedding)
Convolution: TypeAlias = Callable[[nn.Conv2d], nn.Module]


def spectral(layer: Layer, init: Callable[[Tensor], Tensor] = nn.init.xavier_uniform_, eps: float = 1e-12) -> Layer:
    """``layer`` with weights from ``init``, a bias of 0 and spectral norm 1, one step of the power method in each forward of training."""
    init(layer.weight)
    if getattr(layer, "bias", None) is not None:
        nn.init.zeros_(layer.bias)  # type: ignore[union-attr,arg-type]
    return spectral_norm(layer, eps=eps)  # type: ignore[return-value]


class ConditionalBatchNorm(nn.Module):
    """Batch norm times 1 + gain(c) plus offset(c): (N, C, H, W) and a condition c -> (N, C, H, W).

    Args:
        channels: C.
        make: makes the layer from the condition to (N, C); called for the gain, then for the offset.
    """

    def __init__(self, channels: int, make: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain, self.offset = make(channels), make(channels)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Normalise (N, C, H, W)."""
        out: Tensor = self.norm(x) * (1 + self.gain(condition))[:, :, None, None] + self.offset(condition)[:, :, None, None]
        return out


class UpBlock(nn.Module):
    """(N, before, H, W) and a condition -> (N, after, 2H, 2W): norm, ReLU, double, convolve; norm, ReLU, convolve; plus a shortcut.

    Args:
        before, after: channels of the input and of the output.
        norm: makes a norm of so many channels, which also takes the condition.
        wrap: what is done to each convolution when it is made.
    """

    def __init__(self, before: int, after: int, norm: Callable[[int], nn.Module], wrap: Convolution) -> None:
        super().__init__()
        self.norms = nn.ModuleList([norm(before), norm(after)])
        self.convolutions = nn.ModuleList([wrap(nn.Conv2d(size, after, 3, padding=1)) for size in (before, after)])
        self.shortcut = wrap(nn.Conv2d(before, after, 1))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Map (N, before, H, W) to (N, after, 2H, 2W)."""
        path = functional.interpolate(functional.relu(self.norms[0](x, condition)), scale_factor=2)
        path = self.convolutions[1](functional.relu(self.norms[1](self.convolutions[0](path), condition)))
        # A 1 x 1 convolution commutes with the doubling, so it runs at the smaller size.
        out: Tensor = path + functional.interpolate(self.shortcut(x), scale_factor=2)
        return out


class DownBlock(nn.Module):
    """(N, before, H, W) -> (N, after, H', W'): two convolutions after a ReLU each, plus a shortcut.

    Args:
        before, after: channels of the input and of the output.
        halve: whether the side is halved, by the mean of 2 x 2.
        of_image: the input is the image itself, which no ReLU may clip.
        wrap: what is done to each convolution when it is made.
    """

    def __init__(self, before: int, after: int, wrap: Convolution, *, halve: bool, of_image: bool) -> None:
        super().__init__()
        convolutions = [wrap(nn.Conv2d(size, after, 3, padding=1)) for size in (before, after)]
        self.path = nn.Sequential(*([] if of_image else [nn.ReLU()]), convolutions[0], nn.ReLU(), convolutions[1])
        self.shortcut = wrap(nn.Conv2d(before, after, 1)) if halve or before != after else nn.Identity()
        self.halve = halve

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, before, H, W) to (N, after, H', W')."""
        path = self.path(x)
        path, x = (functional.avg_pool2d(path, 2), functional.avg_pool2d(x, 2)) if self.halve else (path, x)
        out: Tensor = path + self.shortcut(x)
        return out


def attended(sides: list[int], at_most: int) -> int | None:
    """Which of some feature maps, by their smaller sides, gets attention: the largest one of at most ``at_most``; None: none is."""
    fitting = [side for side in sides if side <= at_most]
    return sides.index(max(fitting)) if fitting else None
