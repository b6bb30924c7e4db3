"""The two-dimensional mixtures: published shape, closed-form scale."""

import numpy as np
import pytest

from ganzoo.data.cache import Cache
from ganzoo.data.toys import Grid, Ring


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path)


def test_ring_has_eight_gaussians_of_radius_one(cache):
    ring = Ring()
    assert ring.centres.shape == (8, 2)
    np.testing.assert_allclose(np.hypot(*ring.centres.T), 1)
    neighbours = np.linalg.norm(ring.centres - np.roll(ring.centres, 1, axis=0), axis=1)
    np.testing.assert_allclose(neighbours, 2 * np.sin(np.pi / 8))
    assert (ring.sd, ring.classes) == (0.01, 0)


def test_grid_is_the_published_one():
    grid = Grid()
    expected = {(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)}
    assert {tuple(centre) for centre in grid.centres.tolist()} == expected
    assert grid.sd == 0.05


@pytest.mark.parametrize("toy", [Ring(), Grid(), Ring(modes=3, radius=7.0, sd=0.5), Grid(side=2, spacing=0.5)])
def test_training_sees_unit_variance(cache, toy):
    sample = toy.arrays(cache)["sample"]
    assert sample.shape == (100_000, 2)
    assert sample.dtype == np.float32
    np.testing.assert_allclose((sample / toy.scale).std(axis=0), 1, atol=0.01)
    np.testing.assert_allclose(sample.mean(axis=0) / toy.scale, 0, atol=0.02)


def test_points_lie_around_all_centres(cache):
    grid = Grid(count=2500)
    sample = grid.arrays(cache)["sample"]
    distances = np.linalg.norm(sample[:, None] - grid.centres, axis=2)
    assert set(distances.argmin(axis=1)) == set(range(25))
    near = (distances.min(axis=1) < 3 * grid.sd).mean()
    assert 0.98 < near < 0.995  # 1 - exp(-4.5) = 98.9% of a 2-D Gaussian lies within 3 sd


def test_the_seed_decides(cache):
    first, again, other = (Ring(count=100, seed=seed).arrays(cache)["sample"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
