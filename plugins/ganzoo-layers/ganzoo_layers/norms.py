"""Pixel norm, and the deviation over a minibatch as a feature (Karras et al., 2018, arXiv:1710.10196)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class PixelNorm(nn.Module):
    """x / sqrt(mean of x^2 over the channels + eps) of (N, C, *): each pixel's features, or each sample's, to length sqrt(C).

    Args:
        eps: added to the mean.
    """

    def __init__(self, eps: float = 1e-8) -> None:
        super().__init__()
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (N, C, *) along the channels."""
        return x * (x.square().mean(dim=1, keepdim=True) + self.eps).rsqrt()


class MinibatchDeviation(nn.Module):
    """Appends channels that say how much samples differ from each other: (N, C, H, W) -> (N, C + channels, H, W).

    The samples fall into groups. Of each group the standard deviation of every feature over its samples (of the population: divided by
    their number) is averaged over all features of a share of the channels, and that number fills a channel of every sample of the group.
    A critic with it declares ``mixes_batch = "statistic"``.

    Args:
        group: how many samples are compared: the largest divisor of N that is no larger. 1 sample has the deviation sqrt(eps).
        channels: how many are appended, each for an equal share of the C channels.
        eps: added to the variance, so that its root has a gradient.
    """

    def __init__(self, group: int = 4, channels: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.group, self.channels, self.eps = group, channels, eps

    def forward(self, x: Tensor) -> Tensor:
        """Append the deviations to (N, C, H, W)."""
        n, _, height, width = x.shape
        group = next(size for size in range(min(self.group, n), 0, -1) if n % size == 0)
        # Sample i is in the group i mod (N / group), as in the authors' code
        groups = x.to(torch.promote_types(x.dtype, torch.float32)).reshape(group, n // group, self.channels, -1)
        deviations = (groups.var(dim=0, correction=0) + self.eps).sqrt().mean(dim=2)
        return torch.cat([x, deviations.repeat(group, 1)[:, :, None, None].expand(-1, -1, height, width).to(x.dtype)], dim=1)
