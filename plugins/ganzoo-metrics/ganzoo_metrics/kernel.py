"""Kernel Inception Distance: unbiased in the number of samples, so small sets compare honestly.

Legend of shapes: N samples, M samples of the other kind, D features.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ganzoo import GanzooError, UserError


class KernelDistance(NamedTuple):
    """Mean and standard deviation of the estimates over the subsets."""

    mean: float
    deviation: float


def kernel_distance(real: Tensor, fake: Tensor, *, subsets: int = 100, subset_size: int = 1000, seed: int = 0) -> KernelDistance:
    """KID: squared maximum mean discrepancy under the kernel k(x, y) = (x.y / D + 1)^3, averaged over random subsets.

    Source: Binkowski, Sutherland, Arbel and Gretton 2018, arXiv:1801.01401. The number of subsets only steadies the mean.

    Args:
        real: (N, D) features.
        fake: (M, D) features of the same network.
        subsets: how many pairs of subsets are drawn.
        subset_size: samples in each, drawn without replacement.
        seed: of the draws.

    Returns:
        Mean, which may be a little below zero because the estimator is unbiased, and standard deviation over subsets.

    Raises:
        UserError: where the feature sizes differ or either has fewer samples than one subset.
        GanzooError: where the result is not finite.
    """
    if real.dim() != 2 or fake.dim() != 2 or real.shape[1] != fake.shape[1]:
        raise UserError(
            f"features of shapes {tuple(real.shape)} and {tuple(fake.shape)} are compared", "give (N, D) and (M, D) of one network"
        )
    require_subset(min(len(real), len(fake)), subsets, subset_size)
    generator = torch.Generator().manual_seed(seed)
    estimates = torch.stack(
        [squared_discrepancy(_draw(real, subset_size, generator), _draw(fake, subset_size, generator)) for _ in range(subsets)]
    )
    if not bool(torch.isfinite(estimates).all()):
        raise GanzooError("the kernel distance is not finite: the features are not, or are too large")
    return KernelDistance(float(estimates.mean()), float(estimates.std(correction=0)))


def require_subset(count: int, subsets: int, subset_size: int) -> None:
    """Refuse fewer samples than one subset takes.

    Raises:
        UserError: saying how many samples are needed.
    """
    if count < subset_size or subset_size < 2 or subsets < 1:
        raise UserError(
            f"{subsets} subsets of {subset_size} samples are asked for, there are {count} samples",
            f"use at least {max(subset_size, 2)} samples or a subset size from 2 to {count}",
        )


def _draw(features: Tensor, size: int, generator: torch.Generator) -> Tensor:
    chosen = torch.randperm(len(features), generator=generator)[:size]
    return features[chosen.to(features.device)]


def squared_discrepancy(first: Tensor, second: Tensor) -> Tensor:
    """The unbiased estimate of MMD^2 under the cubic kernel (Gretton et al. 2012, lemma 6), in float64.

    mean over i != j of k(x_i, x_j) + mean over i != j of k(y_i, y_j) - 2 mean over i, j of k(x_i, y_j).

    Args:
        first: x, (N, D) features.
        second: y, (M, D) features.

    Returns:
        A scalar () float64.
    """
    x, y = first.to(torch.float64), second.to(torch.float64)
    return _mean_off_diagonal(_cubic(x, x)) + _mean_off_diagonal(_cubic(y, y)) - 2 * _cubic(x, y).mean()


def _cubic(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T / x.shape[1] + 1) ** 3  # (N, M)


def _mean_off_diagonal(gram: Tensor) -> Tensor:
    n = len(gram)
    return (gram.sum() - gram.diagonal().sum()) / (n * (n - 1))
