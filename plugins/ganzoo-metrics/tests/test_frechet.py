"""The Frechet distance meets closed forms, scipy's square root, and any rank."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ganzoo_metrics import frechet
from ganzoo_metrics.frechet import frechet_distance, gaussian_frechet_distance
from ganzoo_metrics.moments import Moments

from ganzoo.errors import GanzooError, UserError


def tensor(values: object) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def covariance(size: int, seed: int, rank: int | None = None) -> torch.Tensor:
    root = torch.randn(size, rank or 2 * size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return root @ root.T / size


def moments_of(features: torch.Tensor) -> Moments:
    moments = Moments(features.shape[1])
    moments.update(features)
    return moments


def test_golden_values() -> None:
    zero, unit = tensor([0, 0]), torch.eye(2)
    assert gaussian_frechet_distance(zero, unit, tensor([3, 4]), 4 * unit) == pytest.approx(27.0, abs=1e-6)
    distance = gaussian_frechet_distance(zero, tensor([[2, 0.5], [0.5, 1]]), tensor([1, -1]), tensor([[1, 0.3], [0.3, 2]]))
    assert distance == pytest.approx(2.358545910935, abs=1e-6)


@pytest.mark.parametrize("size", [1, 5, 64])
def test_a_distribution_is_at_no_distance_from_itself(size: int) -> None:
    mean, cov = torch.randn(size, dtype=torch.float64), covariance(size, 0)
    assert gaussian_frechet_distance(mean, cov, mean, cov) == pytest.approx(0, abs=1e-11)


def test_it_is_symmetric() -> None:
    first, second = (tensor([0.0] * 32), covariance(32, 1)), (tensor([0.3] * 32), covariance(32, 2))
    assert gaussian_frechet_distance(*first, *second) == pytest.approx(gaussian_frechet_distance(*second, *first), rel=1e-12)


def test_it_agrees_with_scipy() -> None:
    linalg = pytest.importorskip("scipy.linalg")
    first, second = covariance(96, 3), covariance(96, 4)
    mean = torch.linspace(-1, 1, 96, dtype=torch.float64)
    root = linalg.sqrtm((first @ second).numpy())
    wanted = float(mean @ mean + first.trace() + second.trace()) - 2 * float(np.trace(root).real)
    assert gaussian_frechet_distance(mean, first, torch.zeros_like(mean), second) == pytest.approx(wanted, rel=1e-6)


def test_steep_spectra_keep_every_digit() -> None:
    """Eigenvalues over nine decades, as deep features have them; commuting, so the answer is known."""
    basis, _ = torch.linalg.qr(torch.randn(256, 256, dtype=torch.float64, generator=torch.Generator().manual_seed(5)))
    spectrum = torch.logspace(0, -9, 256, dtype=torch.float64)
    other = spectrum * torch.linspace(1.0, 1.3, 256, dtype=torch.float64)
    zero = torch.zeros(256, dtype=torch.float64)
    wanted = float((spectrum.sqrt() - other.sqrt()).square().sum())
    distance = gaussian_frechet_distance(zero, (basis * spectrum) @ basis.T, zero, (basis * other) @ basis.T)
    assert distance == pytest.approx(wanted, abs=1e-11)


@pytest.mark.parametrize("decades", [1, 3, 6])
def test_the_faster_way_gives_what_the_careful_way_gives(decades: int) -> None:
    scale = torch.logspace(0, -decades / 2, 128, dtype=torch.float64)
    first, second = (covariance(128, seed, 1024) * scale * scale[:, None] for seed in (9, 10))
    faster = frechet._by_eigenvalues(first, second)
    assert faster is not None
    assert float(faster) == pytest.approx(float(frechet._by_singular_values(first, second)), rel=1e-12)


def test_the_careful_way_is_taken_where_rounding_would_show() -> None:
    scale = torch.logspace(0, -5, 128, dtype=torch.float64)
    assert frechet._by_eigenvalues(covariance(128, 9) * scale * scale[:, None], covariance(128, 10) * scale * scale[:, None]) is None
    assert frechet._by_eigenvalues(covariance(40, 6, 10), covariance(40, 7)) is None
    assert frechet._by_eigenvalues(covariance(40, 7), covariance(40, 6, 10)) is None


@pytest.mark.parametrize("rank", [1, 10, 39])
def test_covariances_that_lack_rank(rank: int) -> None:
    """C and 4 C: tr(C + 4 C - 2 (2 C)) = tr(C), whatever the rank. Apart: no root is shared at all."""
    cov, zero = covariance(40, 6, rank), torch.zeros(40, dtype=torch.float64)
    assert gaussian_frechet_distance(zero, cov, zero, 4 * cov) == pytest.approx(float(cov.trace()), rel=1e-10)
    nothing = torch.zeros_like(cov)
    assert gaussian_frechet_distance(zero, cov, zero, nothing) == pytest.approx(float(cov.trace()), rel=1e-12)
    left, right = torch.zeros_like(cov), torch.zeros_like(cov)
    left[:20, :20], right[20:, 20:] = covariance(20, 7), covariance(20, 8)
    assert gaussian_frechet_distance(zero, left, zero, right) == pytest.approx(float(left.trace() + right.trace()), rel=1e-10)


def test_moments_of_samples_approach_the_closed_form() -> None:
    generator = torch.Generator().manual_seed(0)
    first = moments_of(torch.randn(20000, 2, generator=generator))
    second = moments_of(2 * torch.randn(20000, 2, generator=generator) + tensor([3, 4]))
    assert frechet_distance(first, second) == pytest.approx(27.0, rel=0.02)


def test_too_few_samples_are_refused_with_the_number_needed() -> None:
    enough, few = moments_of(torch.randn(9, 8)), moments_of(torch.randn(8, 8))
    assert frechet_distance(enough, enough) == pytest.approx(0, abs=1e-10)
    with pytest.raises(UserError, match=r"8 samples are too few for 8 features.*at least 9 samples"):
        frechet_distance(enough, few)


def test_features_of_two_networks_are_refused() -> None:
    with pytest.raises(UserError, match="sizes 2 and 3"):
        frechet_distance(moments_of(torch.randn(9, 2)), moments_of(torch.randn(9, 3)))
    with pytest.raises(UserError, match="moments of shapes"):
        gaussian_frechet_distance(torch.zeros(2), torch.eye(3), torch.zeros(2), torch.eye(2))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_not_finite_is_an_error(bad: float) -> None:
    mean, cov = torch.zeros(3, dtype=torch.float64), torch.eye(3, dtype=torch.float64)
    with pytest.raises(GanzooError, match="not finite"):
        gaussian_frechet_distance(tensor([0, bad, 0]), cov, mean, cov)
    with pytest.raises(GanzooError, match="not finite"):
        gaussian_frechet_distance(mean, cov, mean, cov * bad)
    with pytest.raises(GanzooError, match="not finite: the features are too large"):
        gaussian_frechet_distance(mean, cov, mean + 1e200, cov)


def test_a_matrix_that_is_no_covariance_is_an_error() -> None:
    with pytest.raises(GanzooError, match="negative eigenvalue -1"):
        gaussian_frechet_distance(torch.zeros(2), torch.diag(tensor([1, -1])), torch.zeros(2), torch.eye(2))
