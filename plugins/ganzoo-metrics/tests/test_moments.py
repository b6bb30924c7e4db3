"""Streaming moments equal numpy's on the whole, however the stream is cut."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ganzoo_metrics.moments import Moments
from hypothesis import given, settings
from hypothesis import strategies as st

from ganzoo.errors import GanzooError, UserError

FEATURES = torch.randn(200, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * torch.arange(1, 8) + 3


def streamed(parts: list[torch.Tensor]) -> Moments:
    moments = Moments(parts[0].shape[1])
    for part in parts:
        moments.update(part)
    return moments


def assert_moments(moments: Moments, features: torch.Tensor, tolerance: float = 1e-12) -> None:
    assert moments.count == len(features)
    np.testing.assert_allclose(moments.mean, features.mean(0), rtol=tolerance)
    np.testing.assert_allclose(moments.covariance, np.cov(features.numpy(), rowvar=False), rtol=tolerance, atol=tolerance)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 199), max_size=6))
def test_any_cut_of_the_stream_gives_the_same(cuts: list[int]) -> None:
    assert_moments(streamed(list(FEATURES.tensor_split(sorted(cuts)))), FEATURES)


@pytest.mark.parametrize("share", [0, 1, 50, 199, 200])
def test_merging_ranks_gives_the_same(share: int) -> None:
    first, second = streamed([FEATURES[:share]]), streamed([FEATURES[share:]])
    first.merge(second)
    assert_moments(first, FEATURES)
    assert second.count == 200 - share


def test_a_mean_far_from_zero_costs_no_accuracy() -> None:
    far = FEATURES + 1e7  # sums of squares would leave about two digits of the covariance
    moments = streamed(list(far.split(16)))
    np.testing.assert_allclose(moments.covariance, np.cov(FEATURES.numpy(), rowvar=False), rtol=1e-6, atol=1e-6)


def test_half_precision_is_summed_in_float64() -> None:
    features = FEATURES.to(torch.bfloat16)
    moments = streamed(list(features.split(9)))
    assert moments.covariance.dtype == torch.float64
    assert_moments(moments, features.double())


def test_features_that_are_not_finite_are_refused_and_not_counted() -> None:
    moments = streamed([FEATURES])
    broken = FEATURES.clone()
    broken[3, 1], broken[5, 0] = float("nan"), float("inf")
    with pytest.raises(GanzooError, match="2 of 200 samples have features that are not finite"):
        moments.update(broken)
    assert_moments(moments, FEATURES)


def test_features_of_another_size_are_refused() -> None:
    with pytest.raises(UserError, match=r"\(4, 3\) come to statistics of 7 features"):
        Moments(7).update(torch.zeros(4, 3))
    with pytest.raises(UserError, match="statistics of 3 features are merged into 7"):
        Moments(7).merge(Moments(3))
    with pytest.raises(UserError, match="covariance of 1 samples"):
        _ = streamed([FEATURES[:1]]).covariance


def test_arrays_continue_where_they_left_off() -> None:
    moments = streamed([FEATURES[:80]])
    again = Moments.from_arrays(moments.to_arrays())
    again.update(FEATURES[80:])
    assert_moments(again, FEATURES)
    assert moments.count == 80  # the arrays are copies


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mean": np.full(7, np.nan)}, "not finite"),
        ({"scatter": np.full((7, 7), np.inf)}, "not finite"),
        ({"count": np.int64(-1)}, "negative count"),
        ({"count": np.float64(200)}, "wanted an integer"),
        ({"scatter": np.zeros((7, 6))}, "have shapes"),
        ({"mean": np.zeros(7, np.float32)}, "wanted an integer and float64"),
        ({"mean": None}, "lack mean"),
    ],
)
def test_broken_arrays_are_refused(change: dict, message: str) -> None:
    arrays = streamed([FEATURES]).to_arrays() | change
    with pytest.raises(UserError, match=message) as refusal:
        Moments.from_arrays({name: value for name, value in arrays.items() if value is not None}, where="real.npz")
    assert str(refusal.value).startswith("real.npz: ")
