"""Every metric against the packages that others measure with; ``pip install --group judges`` brings them. Float64 throughout."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ganzoo_metrics.divergence import class_kl, earth_movers_1d, kl_divergence
from ganzoo_metrics.frechet import frechet_distance, gaussian_frechet_distance
from ganzoo_metrics.inception_score import inception_score
from ganzoo_metrics.kernel import kernel_distance, squared_discrepancy
from ganzoo_metrics.manifold import precision_recall
from ganzoo_metrics.moments import Moments
from ganzoo_metrics.patches import sliced_wasserstein

pytestmark = pytest.mark.slow
CLOSE = 1e-9


def normal(n: int, size: int, seed: int, shift: float = 0.0) -> torch.Tensor:
    """(n, size) correlated features."""
    random = torch.Generator().manual_seed(seed)
    mixing = torch.randn(size, size, generator=random, dtype=torch.float64)
    return torch.randn(n, size, generator=random, dtype=torch.float64) @ mixing + shift


REAL, FAKE = normal(400, 24, 0), normal(300, 24, 1, shift=0.3)


def moments(features: torch.Tensor) -> Moments:
    found = Moments(features.shape[1])
    for part in features.split(70):
        found.update(part)
    return found


def judge(module: str) -> object:
    """A package to compare with, or a skip that names it."""
    return pytest.importorskip(module, reason=f"{module.partition('.')[0]}, a package to compare with, is not installed")


def of_torch_fidelity() -> float:
    them = judge("torch_fidelity.metric_fid")
    first, second = (them.fid_features_to_statistics(features) for features in (REAL, FAKE))
    return float(them.fid_statistics_to_metric(first, second, verbose=False)["frechet_inception_distance"])


def of_torchmetrics() -> float:
    them = judge("torchmetrics.image.fid")
    return float(them._compute_fid(REAL.mean(0), REAL.T.cov(), FAKE.mean(0), FAKE.T.cov()))


def of_scipy() -> float:
    root = judge("scipy.linalg").sqrtm(REAL.T.cov().numpy() @ FAKE.T.cov().numpy())
    apart = (REAL.mean(0) - FAKE.mean(0)).square().sum()
    return float(apart + REAL.T.cov().trace() + FAKE.T.cov().trace() - 2 * root.real.trace())


def of_pot() -> float:
    them = judge("ot.gaussian")
    first, second = (value.numpy() for value in (REAL.T.cov(), FAKE.T.cov()))
    return float(them.bures_wasserstein_distance(REAL.mean(0).numpy(), FAKE.mean(0).numpy(), first, second) ** 2)


@pytest.mark.parametrize("them", [of_torch_fidelity, of_torchmetrics, of_scipy, of_pot])
def test_the_frechet_distance_is_theirs(them) -> None:
    assert frechet_distance(moments(REAL), moments(FAKE)) == pytest.approx(them(), rel=CLOSE)
    assert gaussian_frechet_distance(REAL.mean(0), REAL.T.cov(), FAKE.mean(0), FAKE.T.cov()) == pytest.approx(them(), rel=CLOSE)


def test_kid_is_that_of_torch_fidelity_on_the_same_subsets() -> None:
    them = judge("torch_fidelity.metric_kid")
    size = len(FAKE)  # the whole of either in each subset: then the draws do not matter
    theirs = them.kid_features_to_metric(REAL[:size], FAKE, kid_subsets=2, kid_subset_size=size, verbose=False)
    ours = kernel_distance(REAL[:size], FAKE, subsets=2, subset_size=size)
    assert ours.mean == pytest.approx(theirs["kernel_inception_distance_mean"], rel=CLOSE)
    assert ours.deviation == pytest.approx(0, abs=CLOSE * ours.mean)


def test_the_squared_discrepancy_is_that_of_torchmetrics() -> None:
    them = judge("torchmetrics.image.kid")
    assert float(squared_discrepancy(REAL[:300], FAKE)) == pytest.approx(float(them.poly_mmd(REAL[:300], FAKE)), rel=CLOSE)


@pytest.mark.parametrize("neighbours", [1, 3, 5])
@pytest.mark.parametrize("package", ["prdc", "torch_fidelity.metric_prc"])
def test_precision_and_recall_are_theirs(package: str, neighbours: int) -> None:
    them = judge(package)
    near = REAL[:300] * 0.9 + 0.8 * FAKE  # so that some lie within and some without
    if package == "prdc":
        found = them.compute_prdc(REAL.numpy(), near.numpy(), neighbours)
    else:
        found = them.prc_features_to_metric(near, REAL, prc_neighborhood=neighbours, verbose=False)
    ours = precision_recall(REAL, near, neighbours=neighbours)
    assert 0 < ours.precision < 1
    assert 0 < ours.recall < 1
    # torch-fidelity gives float32; how many samples are inside is exact.
    assert ours.precision * len(near) == pytest.approx(round(found["precision"] * len(near)), abs=CLOSE)
    assert ours.recall * len(REAL) == pytest.approx(round(found["recall"] * len(REAL)), abs=CLOSE)


@pytest.mark.parametrize(("count", "splits"), [(300, 10), (307, 10), (11, 3), (9, 1)])
def test_the_inception_score_is_that_of_torch_fidelity(count: int, splits: int) -> None:
    them = judge("torch_fidelity.metric_isc")
    logits = 2 * normal(count, 12, 2)
    theirs = them.isc_features_to_metric(logits, splits=splits, shuffle=False)
    ours = inception_score(logits, splits=splits)
    assert ours.mean == pytest.approx(theirs["inception_score_mean"], rel=CLOSE)
    assert ours.deviation == pytest.approx(theirs["inception_score_std"], rel=CLOSE, abs=CLOSE)


def test_the_sliced_wasserstein_distance_is_that_of_pot() -> None:
    them = judge("ot")
    directions = normal(24, 64, 3)
    directions /= directions.norm(dim=0)
    theirs = them.sliced_wasserstein_distance(REAL[:300].numpy(), FAKE.numpy(), p=1, projections=directions.numpy())
    assert sliced_wasserstein(REAL[:300], FAKE, directions) == pytest.approx(float(theirs), rel=CLOSE)


@pytest.mark.parametrize(("n", "m"), [(300, 300), (300, 77), (1, 5)])
def test_the_earth_movers_distance_on_a_line_is_that_of_scipy_and_pot(n: int, m: int) -> None:
    first, second = REAL[:n, 0], FAKE[:m, 1]
    ours = earth_movers_1d(first, second)
    assert ours == pytest.approx(judge("scipy.stats").wasserstein_distance(first.numpy(), second.numpy()), rel=CLOSE)
    assert ours == pytest.approx(float(judge("ot").wasserstein_1d(first.numpy(), second.numpy(), p=1)), rel=CLOSE)


def test_the_divergence_is_that_of_scipy() -> None:
    entropy = judge("scipy.stats").entropy
    random = np.random.default_rng(0)
    for _ in range(5):
        p, q = random.random(10), random.random(10)
        p[3] = 0
        assert kl_divergence(torch.from_numpy(p), torch.from_numpy(q)) == pytest.approx(entropy(p, q), rel=CLOSE)
    made, reference = random.integers(0, 5, 200), random.integers(0, 5, 300)
    theirs = entropy(np.bincount(made, minlength=5), np.bincount(reference, minlength=5))
    assert class_kl(torch.from_numpy(made), torch.from_numpy(reference), 5) == pytest.approx(theirs, rel=CLOSE)
