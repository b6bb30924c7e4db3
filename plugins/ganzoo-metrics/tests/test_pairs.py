"""PSNR, SSIM and L1 against their definitions, written out."""

import math

import numpy as np
import pytest
import torch
from ganzoo_metrics.pairs import L1, PSNR, SSIM

from ganzoo import DataSpec, UserError

DATA = DataSpec({"sample": (3, 13, 14)})
made, target = (np.random.default_rng(seed).integers(0, 256, (2, 3, 13, 14)) for seed in (0, 1))
A, B = (torch.from_numpy(levels).float() / 127.5 - 1 for levels in (made, target))


def test_psnr_is_ten_times_the_logarithm_of_the_squared_peak_over_the_squared_error():
    wanted = [10 * math.log10(255**2 / ((a - b) ** 2).mean()) for a, b in zip(made, target, strict=True)]
    assert PSNR(DATA).compare(A, B).tolist() == pytest.approx(wanted, abs=1e-5)
    assert PSNR(DATA).compare(A, A).tolist() == [100, 100]


def test_l1_is_the_mean_distance_of_values_that_span_two():
    assert L1(DATA).compare(A, B).tolist() == pytest.approx((np.abs(made - target).mean((1, 2, 3)) / 127.5).tolist(), abs=1e-6)


def test_ssim_is_the_mean_over_windows_as_its_authors_define_it():
    places = np.arange(11) - 5
    bell = np.exp(-(places[:, None] ** 2 + places**2) / (2 * 1.5**2))
    bell /= bell.sum()
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2

    def of_window(x, y):
        mx, my = (bell * x).sum(), (bell * y).sum()
        vx, vy, cov = (bell * (x - mx) ** 2).sum(), (bell * (y - my) ** 2).sum(), (bell * (x - mx) * (y - my)).sum()
        return (2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))

    cuts = [(slice(None), channel, slice(i, i + 11), slice(j, j + 11)) for channel in range(3) for i in range(3) for j in range(4)]
    wanted = [np.mean([of_window(a[cut[1:]], b[cut[1:]]) for cut in cuts]) for a, b in zip(made, target, strict=True)]
    assert SSIM(DATA).compare(A, B).tolist() == pytest.approx(wanted, abs=1e-6)
    assert SSIM(DATA).compare(A, A).tolist() == pytest.approx([1, 1])
    with pytest.raises(UserError, match="windows of 11x11 pixels"):
        SSIM(DataSpec({"sample": (1, 10, 28)}))
