"""A small low-pass filter on feature maps, alone and with doubling or halving the side, so that neither makes aliases.

The filter is the outer product of ``taps`` with themselves, brought to sum 1: (1, 3, 3, 1) is StyleGAN2's (Karras et al., 2020,
arXiv:1912.04958), after Zhang, 2019, arXiv:1904.11486. Outside an image there are zeros.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

TAPS = (1.0, 3.0, 3.0, 1.0)


class Blur(nn.Module):
    """Low-pass filter of each channel: (N, C, H, W) -> (N, C, H', W') with H' = H + 2 pad - len(taps) + 1.

    Args:
        taps: of the filter along an axis.
        pad: pixels of 0 on each side.
    """

    def __init__(self, taps: Sequence[float] = TAPS, *, pad: int = 0) -> None:
        super().__init__()
        self.taps, self.pad = [tap / sum(taps) for tap in taps], pad

    def _each(self, x: Tensor) -> Tensor:
        """The filter for each channel of ``x``, (C, 1, h, w)."""
        # Filled in here, and no buffer: a critic whose forward has nothing to change may judge real and fake samples together.
        line = torch.cat([x.new_full((1,), tap) for tap in self.taps])
        return torch.outer(line, line).expand(x.shape[1], 1, -1, -1)

    def forward(self, x: Tensor) -> Tensor:
        """Filter (N, C, H, W)."""
        return functional.conv2d(x, self._each(x), padding=self.pad, groups=x.shape[1])


class Downsample(Blur):
    """Filters, and keeps every second pixel: (N, C, H, W) -> (N, C, H/2, W/2).

    Args:
        taps: of the filter along an axis; an even number.
    """

    def __init__(self, taps: Sequence[float] = TAPS) -> None:
        super().__init__(taps, pad=len(taps) // 2 - 1)

    def forward(self, x: Tensor) -> Tensor:
        """Halve the side of (N, C, H, W)."""
        return functional.conv2d(x, self._each(x), stride=2, padding=self.pad, groups=x.shape[1])


class Upsample(Blur):
    """Puts zeros between the pixels and filters, with the mean kept: (N, C, H, W) -> (N, C, 2H, 2W).

    Args:
        taps: of the filter along an axis; an even number.
    """

    def __init__(self, taps: Sequence[float] = TAPS) -> None:
        super().__init__(taps, pad=len(taps) // 2 - 1)

    def forward(self, x: Tensor) -> Tensor:
        """Double the side of (N, C, H, W)."""
        return functional.conv_transpose2d(x, self._each(x) * 4, stride=2, padding=self.pad, groups=x.shape[1])
