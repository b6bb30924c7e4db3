"""The Frechet distance between two Gaussians: what FID and classifier-FID report.

Legend of shapes: D features.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo import GanzooError, UserError

from .moments import Moments

NEGLIGIBLE = 1e-8
"""Error of the trace, relative to it, up to which the faster way is taken. What is found is a thousand times below the estimate."""


def frechet_distance(first: Moments, second: Moments) -> float:
    """Squared Frechet distance between the Gaussians with these moments.

    Source: Heusel et al. 2017, arXiv:1706.08500 (FID); Dowson and Landau 1982 (the closed form).

    Args:
        first: moments of the features of a network, of more samples than features.
        second: moments of the features that the same network has for other samples.

    Returns:
        A number >= 0, in squared units of the features.

    Raises:
        UserError: where the feature sizes differ, or either has too few samples for a covariance of full rank.
        GanzooError: where the result is not finite.
    """
    if first.size != second.size:
        raise UserError(f"features of sizes {first.size} and {second.size} are compared", "compare statistics that one network gave")
    require_enough_samples(min(first.count, second.count), first.size)
    return gaussian_frechet_distance(first.mean, first.covariance, second.mean, second.covariance)


def require_enough_samples(count: int, feature_size: int) -> None:
    """Refuse statistics of too few samples: the covariance of N samples has rank N - 1 at most.

    A missing rank does not show in the number, which comes out biased and depends on N above all.

    Raises:
        UserError: saying how many samples are needed.
    """
    if count <= feature_size:
        raise UserError(
            f"{count} samples are too few for {feature_size} features: their covariance would lack rank",
            f"use at least {feature_size + 1} samples; published numbers use 10,000 or 50,000",
        )


def gaussian_frechet_distance(mean_1: Tensor, covariance_1: Tensor, mean_2: Tensor, covariance_2: Tensor) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)), without a matrix square root.

    With factors F F' = C, the trace of the root is the sum of the singular values of F1' F2, which is real. Where F1 is
    C1's Cholesky factor, their squares are the eigenvalues of the symmetric F1' C2 F1, which takes a fifth of the time of a
    square root. The root of an eigenvalue that is only rounding would turn each 1e-16 into 1e-8; so where covariances lack
    rank or are close to it, factors come from symmetric eigenvalues, C = V L V' and F = V L^(1/2), and the singular values are
    computed as such.

    Args:
        mean_1: (D,).
        covariance_1: (D, D), symmetric, positive semi-definite, of any rank.
        mean_2: (D,).
        covariance_2: (D, D), likewise.

    Returns:
        A number >= 0: rounding below zero is cut off.

    Raises:
        UserError: where the shapes do not fit together.
        GanzooError: where the input or the result is not finite, or a covariance has a negative eigenvalue.
    """
    size = len(mean_1)
    parts = [part.to(torch.float64) for part in (mean_1, covariance_1, mean_2, covariance_2)]
    if [tuple(part.shape) for part in parts] != [(size,), (size, size)] * 2:
        raise UserError(
            f"moments of shapes {', '.join(str(tuple(part.shape)) for part in parts)} are compared", "give (D,), (D, D), (D,), (D, D)"
        )
    if not all(bool(torch.isfinite(part).all()) for part in parts):
        raise GanzooError("the Frechet distance is not a number: a mean or covariance is not finite")
    mean_1, covariance_1, mean_2, covariance_2 = parts
    difference = mean_1 - mean_2
    distance = difference @ difference + covariance_1.trace() + covariance_2.trace() - 2 * _trace_of_root(covariance_1, covariance_2)
    if not bool(torch.isfinite(distance)):
        raise GanzooError("the Frechet distance is not finite: the features are too large")
    return max(float(distance), 0.0)


def _trace_of_root(covariance_1: Tensor, covariance_2: Tensor) -> Tensor:
    """tr((C1 C2)^(1/2)) for symmetric positive semi-definite (D, D) matrices."""
    try:
        trace = _by_eigenvalues(covariance_1, covariance_2)
        return _by_singular_values(covariance_1, covariance_2) if trace is None else trace
    except torch.linalg.LinAlgError as error:
        raise GanzooError(f"the Frechet distance cannot be computed: {error}") from None


def _by_eigenvalues(covariance_1: Tensor, covariance_2: Tensor) -> Tensor | None:
    """The trace from the eigenvalues of F1' C2 F1; None where their rounding could be more than ``NEGLIGIBLE`` of it."""
    factor, failed = torch.linalg.cholesky_ex(covariance_1)
    if failed:
        return None
    eigenvalues = torch.linalg.eigvalsh(factor.T @ covariance_2 @ factor)  # (D,) ascending
    if not bool(eigenvalues[0] > 0):
        return None
    roots: Tensor = eigenvalues.sqrt()
    # An error e of an eigenvalue x is one of e / (2 sqrt x) in its root.
    error = (torch.finfo(torch.float64).eps * eigenvalues[-1] / (2 * roots)).sum()
    return roots.sum() if bool(error <= NEGLIGIBLE * roots.sum()) else None


def _by_singular_values(covariance_1: Tensor, covariance_2: Tensor) -> Tensor:
    """The trace from the singular values of F1' F2, for covariances of any rank."""
    singular_values: Tensor = torch.linalg.svdvals(_factor(covariance_1).T @ _factor(covariance_2))
    return singular_values.sum()


def _factor(covariance: Tensor) -> Tensor:
    """F (D, R) with F F' = C (D, D), of full column rank R: directions that hold only rounding are left out."""
    eigenvalues: Tensor
    vectors: Tensor
    eigenvalues, vectors = torch.linalg.eigh(covariance)  # (D,) ascending, (D, D)
    rounding = len(eigenvalues) * torch.finfo(torch.float64).eps * eigenvalues.abs().max()
    if bool(eigenvalues[0] < -1000 * rounding):  # a margin for covariances that were stored or summed less exactly
        raise GanzooError(f"a covariance has the negative eigenvalue {float(eigenvalues[0]):.3g}: these are no statistics of features")
    kept = eigenvalues > rounding
    return vectors[:, kept] * eigenvalues[kept].sqrt()
