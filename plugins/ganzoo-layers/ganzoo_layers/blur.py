"""A small low-pass filter on feature maps, alone and with doubling or halving the side, so that neither makes aliases.

The filter is the outer product of ``taps`` with themselves, brought to sum 1: (1, 3, 3, 1) is StyleGAN2's (Karras et al., 2020,
arXiv:1912.04958), after Zhang, 2019, arXiv:1904.11486. Outside an image there are zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn import functional

TAPS = (1.0, 3.0, 3.0, 1.0)


class Filter(Function):
    """The filter of each channel, or its transpose: each is linear, and the gradient of the other.

    torch's own second derivative of a convolution goes through all groups one by one, for a gradient of the filter that nobody asks for.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, taps: tuple[float, ...], pad: int, stride: int, transposed: bool, more: tuple[int, int]) -> Tensor:
        """Filter (N, C, H, W); ``more`` rows and columns come out of a transposed filter than it needs for its input."""
        line = torch.cat([x.new_full((1,), tap) for tap in taps])
        kernel, channels = torch.outer(line, line).expand(x.shape[1], 1, -1, -1), x.shape[1]
        if transposed:
            return functional.conv_transpose2d(x, kernel, stride=stride, padding=pad, output_padding=more, groups=channels)
        return functional.conv2d(x, kernel, stride=stride, padding=pad, groups=channels)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Remember the filter, and how many rows and columns at the end it does not reach."""
        x, ctx.taps, ctx.pad, ctx.stride, ctx.transposed, ctx.more = inputs
        if not ctx.transposed:
            ctx.more = tuple((side + 2 * ctx.pad - len(ctx.taps)) % ctx.stride for side in x.shape[-2:])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        """The transpose."""
        return Filter.apply(gradients[0], ctx.taps, ctx.pad, ctx.stride, not ctx.transposed, ctx.more), *[None] * 5

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """The filter itself."""
        return Filter.apply(tangents[0], ctx.taps, ctx.pad, ctx.stride, ctx.transposed, ctx.more)


class Blur(nn.Module):
    """Low-pass filter of each channel: (N, C, H, W) -> (N, C, H', W') with H' = H + 2 pad - len(taps) + 1.

    Args:
        taps: of the filter along an axis.
        pad: pixels of 0 on each side.
    """

    def __init__(self, taps: Sequence[float] = TAPS, *, pad: int = 0) -> None:
        super().__init__()
        # No buffer: a critic whose forward has nothing to change may judge real and fake samples together.
        self.taps, self.pad = tuple(tap / sum(taps) for tap in taps), pad

    def _filtered(self, x: Tensor, stride: int = 1, *, gain: float = 1, transposed: bool = False) -> Tensor:
        taps = tuple(gain * tap for tap in self.taps)
        made: Tensor = Filter.apply(x, taps, self.pad, stride, transposed, (0, 0))
        return made

    def forward(self, x: Tensor) -> Tensor:
        """Filter (N, C, H, W)."""
        return self._filtered(x)


class Downsample(Blur):
    """Filters, and keeps every second pixel: (N, C, H, W) -> (N, C, H/2, W/2).

    Args:
        taps: of the filter along an axis; an even number.
    """

    def __init__(self, taps: Sequence[float] = TAPS) -> None:
        super().__init__(taps, pad=len(taps) // 2 - 1)

    def forward(self, x: Tensor) -> Tensor:
        """Halve the side of (N, C, H, W)."""
        return self._filtered(x, 2)


class Upsample(Blur):
    """Puts zeros between the pixels and filters, with the mean kept: (N, C, H, W) -> (N, C, 2H, 2W).

    Args:
        taps: of the filter along an axis; an even number.
    """

    def __init__(self, taps: Sequence[float] = TAPS) -> None:
        super().__init__(taps, pad=len(taps) // 2 - 1)

    def forward(self, x: Tensor) -> Tensor:
        """Double the side of (N, C, H, W)."""
        return self._filtered(x, 2, gain=2, transposed=True)  # along both axes
