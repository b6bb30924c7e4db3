"""Divergences and mode coverage meet golden values and the published protocol."""

from __future__ import annotations

import math

import pytest
import torch
from ganzoo_metrics.divergence import class_kl, earth_movers_1d, kl_divergence
from ganzoo_metrics.modes import TOY_SAMPLES, stacked_class, stacked_modes, toy_modes

from ganzoo.errors import GanzooError, UserError


def tensor(values: object) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_golden_values() -> None:
    assert kl_divergence(tensor([0.5, 0.25, 0.25]), tensor([1, 1, 1])) == pytest.approx(0.058891517828, abs=1e-6)
    assert earth_movers_1d(tensor([0, 1, 3]), tensor([5, 6, 8])) == pytest.approx(5.0, abs=1e-6)
    assert earth_movers_1d(tensor([0, 2, 5]), tensor([1, 1, 7])) == pytest.approx(1.3333333333333333, abs=1e-6)


def test_kl_takes_counts_and_empty_classes() -> None:
    assert kl_divergence(torch.tensor([2, 1, 1]), torch.tensor([7, 7, 7])) == pytest.approx(0.058891517828, abs=1e-6)
    assert kl_divergence(tensor([1, 0]), tensor([1, 1])) == pytest.approx(math.log(2))
    assert kl_divergence(tensor([1, 1]), tensor([1, 0])) == math.inf
    assert kl_divergence(tensor([1, 2, 3]), tensor([1, 2, 3])) == 0


@pytest.mark.parametrize("bad", [[0.0, 0.0], [-1.0, 2.0], [math.nan, 1.0]])
def test_kl_refuses_what_is_no_histogram(bad: list[float]) -> None:
    with pytest.raises(UserError, match="the first histogram"):
        kl_divergence(tensor(bad), tensor([1, 1]))
    with pytest.raises(UserError, match="the second histogram"):
        kl_divergence(tensor([1, 1]), tensor(bad))
    with pytest.raises(UserError, match="shapes"):
        kl_divergence(tensor([1, 1]), tensor([1, 1, 1]))


def test_class_kl() -> None:
    even = torch.arange(10).repeat(5)
    assert class_kl(even, even.flip(0), 10) == 0
    assert class_kl(torch.full((30,), 4), even, 10) == pytest.approx(math.log(10))
    with pytest.raises(GanzooError, match="no sample of class 8, 9"):
        class_kl(even, even[even < 8], 10)
    with pytest.raises(UserError, match="from 0 to 9, are counted into 9 classes"):
        class_kl(even, even, 9)
    with pytest.raises(UserError, match="none"):
        class_kl(even[:0], even, 10)


@pytest.mark.parametrize(("n", "m"), [(6, 6), (4, 6), (1, 5), (7, 3)])
def test_wasserstein_of_unequal_sizes_is_that_of_repeated_samples(n: int, m: int) -> None:
    generator = torch.Generator().manual_seed(n * m)
    x, y = torch.randn(n, generator=generator), torch.randn(m, generator=generator) + 1
    wanted = (x.repeat_interleave(m).sort().values - y.repeat_interleave(n).sort().values).abs().double().mean()
    assert earth_movers_1d(x, y) == pytest.approx(float(wanted), rel=1e-6)


def test_wasserstein_refuses() -> None:
    with pytest.raises(UserError, match="neither empty"):
        earth_movers_1d(tensor([]), tensor([1]))
    with pytest.raises(GanzooError, match="not finite"):
        earth_movers_1d(tensor([math.nan]), tensor([1]))


RING = torch.stack([torch.tensor([math.cos(a), math.sin(a)]) for a in (2 * math.pi * k / 8 for k in range(8))])
GRID = torch.cartesian_prod(torch.arange(-4.0, 5.0, 2.0), torch.arange(-4.0, 5.0, 2.0))


@pytest.mark.parametrize(("centres", "deviation"), [(RING, 0.01), (GRID, 0.05)])
def test_the_toys_themselves_score_98_9_percent(centres: torch.Tensor, deviation: float) -> None:
    generator = torch.Generator().manual_seed(0)
    chosen = centres[torch.randint(len(centres), (TOY_SAMPLES,), generator=generator)]
    found = toy_modes(chosen + deviation * torch.randn(TOY_SAMPLES, 2, generator=generator), centres, deviation)
    assert found.covered == len(centres)
    assert found.high_quality == pytest.approx(1 - math.exp(-4.5), abs=0.01)


def test_a_mode_counts_with_one_good_sample_and_not_with_a_bad_one() -> None:
    samples = torch.cat([RING[:3], RING[3:4] + 0.029, RING[4:5] + torch.tensor([0.0, 0.029]), RING[:1]])
    assert toy_modes(samples, RING, 0.01) == (4, pytest.approx(5 / 6))


def test_toy_modes_refuses() -> None:
    with pytest.raises(GanzooError, match="not finite"):
        toy_modes(torch.full((4, 2), torch.nan), RING, 0.01)
    with pytest.raises(UserError, match=r"\(4, 3\)"):
        toy_modes(torch.zeros(4, 3), RING, 0.01)
    with pytest.raises(UserError, match="standard deviation is 0"):
        toy_modes(torch.zeros(4, 2), RING, 0.0)


def test_stacked_digits() -> None:
    everything = torch.cartesian_prod(torch.arange(10), torch.arange(10), torch.arange(10))
    classes = stacked_class(everything)
    assert classes.tolist() == list(range(1000))
    assert stacked_modes(classes) == (1000, 0.0)
    assert stacked_modes(classes[:10].repeat(100)) == (10, pytest.approx(math.log(100)))
    with pytest.raises(UserError, match="stacked digits"):
        stacked_class(everything + 1)
    with pytest.raises(UserError, match="1000 classes"):
        stacked_modes(classes + 1)
