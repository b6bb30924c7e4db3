"""KID, precision and recall, and the inception score against definitions written out naively."""

from __future__ import annotations

import math

import pytest
import torch
from ganzoo_metrics.inception_score import inception_score
from ganzoo_metrics.kernel import kernel_distance, squared_discrepancy
from ganzoo_metrics.manifold import neighbour_radii, precision_recall

from ganzoo.errors import GanzooError, UserError


def normal(count: int, size: int, seed: int, shift: float = 0.0) -> torch.Tensor:
    return torch.randn(count, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + shift


def naive_discrepancy(x: list[list[float]], y: list[list[float]]) -> float:
    def kernel(a: list[float], b: list[float]) -> float:
        return (sum(p * q for p, q in zip(a, b, strict=True)) / len(a) + 1) ** 3

    def within(points: list[list[float]]) -> float:
        n = len(points)
        return sum(kernel(points[i], points[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))

    return within(x) + within(y) - 2 * sum(kernel(a, b) for a in x for b in y) / (len(x) * len(y))


def test_squared_discrepancy_is_the_definition() -> None:
    x, y = normal(6, 3, 0), normal(5, 3, 1, shift=0.5)
    assert float(squared_discrepancy(x, y)) == pytest.approx(naive_discrepancy(x.tolist(), y.tolist()), rel=1e-12)


def test_squared_discrepancy_is_unbiased() -> None:
    """Two draws of one distribution: the mean over many pairs is zero, within its own standard error."""
    estimates = torch.stack([squared_discrepancy(normal(20, 2, 2 * seed), normal(20, 2, 2 * seed + 1)) for seed in range(400)])
    error = float(estimates.std()) / math.sqrt(len(estimates))
    assert abs(float(estimates.mean())) < 3 * error
    biased = float((normal(20, 2, 0).square().sum(1) / 2 + 1).pow(3).mean()) / 20  # what the diagonal would add, twice
    assert 3 * error < biased  # so that the assertion above could fail


def test_kernel_distance_is_seeded_and_sees_a_shift() -> None:
    real, fake = normal(300, 8, 0), normal(300, 8, 1, shift=0.5)
    first = kernel_distance(real, fake, subsets=5, subset_size=100)
    assert first == kernel_distance(real, fake, subsets=5, subset_size=100)
    assert first != kernel_distance(real, fake, subsets=5, subset_size=100, seed=1)
    assert first.mean > 10 * first.deviation / math.sqrt(5)
    same = kernel_distance(real, normal(300, 8, 2), subsets=5, subset_size=100)
    assert abs(same.mean) < 0.2 * first.mean


def test_kernel_distance_of_whole_sets_is_one_estimate() -> None:
    real, fake = normal(40, 4, 0), normal(40, 4, 1)
    distance = kernel_distance(real, fake, subsets=3, subset_size=40)
    assert distance.mean == pytest.approx(float(squared_discrepancy(real, fake)), rel=1e-10)
    assert distance.deviation == pytest.approx(0, abs=1e-12)


def test_kernel_distance_refuses() -> None:
    with pytest.raises(UserError, match="subsets of 1000 samples are asked for, there are 40"):
        kernel_distance(normal(50, 4, 0), normal(40, 4, 1))
    with pytest.raises(UserError, match="shapes"):
        kernel_distance(normal(50, 4, 0), normal(50, 5, 1))
    with pytest.raises(GanzooError, match="not finite"):
        kernel_distance(normal(5, 4, 0) * torch.inf, normal(5, 4, 1), subset_size=5)


def naive_share_inside(queries: torch.Tensor, centres: torch.Tensor, k: int) -> float:
    radii = [sorted(math.dist(a, b) for b in centres.tolist())[k] for a in centres.tolist()]
    inside = [any(math.dist(q, c) <= r for c, r in zip(centres.tolist(), radii, strict=True)) for q in queries.tolist()]
    return sum(inside) / len(inside)


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_precision_recall_is_the_definition(block: int) -> None:
    real, fake = normal(60, 2, 0), 1.5 * normal(50, 2, 1, shift=0.7)
    found = precision_recall(real, fake, neighbours=3, block=block)
    assert found.precision == pytest.approx(naive_share_inside(fake, real, 3))
    assert found.recall == pytest.approx(naive_share_inside(real, fake, 3))
    assert found.precision != found.recall


def test_precision_recall_tells_collapse_from_noise() -> None:
    real = normal(400, 2, 0)
    collapsed = precision_recall(real, 0.05 * normal(400, 2, 1))
    assert collapsed.precision > 0.95
    assert collapsed.recall < 0.1
    scattered = precision_recall(real, 10 * normal(400, 2, 1))
    assert scattered.precision < 0.3
    assert scattered.recall > 0.7
    assert precision_recall(real, real) == (1.0, 1.0)


def test_radii_do_not_count_the_point_itself() -> None:
    points = torch.tensor([[0.0], [1.0], [3.0], [10.0]])
    torch.testing.assert_close(neighbour_radii(points, 1), torch.tensor([1.0, 1.0, 2.0, 7.0]))
    torch.testing.assert_close(neighbour_radii(points, 2), torch.tensor([3.0, 2.0, 3.0, 9.0]))


def test_precision_recall_refuses() -> None:
    with pytest.raises(UserError, match="3 samples are too few for the 3 nearest"):
        precision_recall(normal(9, 2, 0), normal(3, 2, 1))
    with pytest.raises(UserError, match="shapes"):
        precision_recall(normal(9, 2, 0), normal(9, 3, 1))
    with pytest.raises(GanzooError, match="not finite"):
        precision_recall(normal(9, 2, 0), normal(9, 2, 1) * torch.nan)


def test_inception_score_at_its_ends() -> None:
    certain = 1000 * torch.eye(10).repeat(20, 1)
    assert inception_score(certain, splits=2) == pytest.approx((10, 0), abs=1e-9)
    assert inception_score(torch.zeros(20, 10), splits=2) == pytest.approx((1, 0), abs=1e-9)
    alike = certain[:1].repeat(20, 1)
    assert inception_score(alike, splits=2) == pytest.approx((1, 0), abs=1e-9)


def test_inception_score_is_the_definition() -> None:
    logits = normal(30, 4, 0) * 2
    scores = []
    for part in (logits[:10], logits[10:20], logits[20:]):
        given = part.softmax(1)
        scores.append(float((given * (given / given.mean(0)).log()).sum(1).mean().exp()))
    mean = sum(scores) / 3
    assert inception_score(logits, splits=3).mean == pytest.approx(mean, rel=1e-12)
    assert inception_score(logits, splits=3).deviation == pytest.approx(math.sqrt(sum((s - mean) ** 2 for s in scores) / 3), rel=1e-9)


def test_inception_score_is_cut_where_the_authors_cut() -> None:
    """Of 11 in 3 splits theirs begin at 0, 3 and 7; torch's own division has the longer ones first, at 0, 4 and 8."""
    logits = normal(11, 4, 0) * 2
    parts = [inception_score(part, splits=1).mean for part in (logits[:3], logits[3:7], logits[7:])]
    assert inception_score(logits, splits=3).mean == pytest.approx(sum(parts) / 3, rel=1e-12)


def test_inception_score_refuses() -> None:
    with pytest.raises(UserError, match="10 splits"):
        inception_score(torch.zeros(9, 4))
    with pytest.raises(GanzooError, match="not finite"):
        inception_score(torch.full((20, 4), torch.nan))
