"""Samples that the processes of a run share: each collects of its own, the numbers are those of one process."""

import pytest
import ranks_measuring
from ganzoo_metrics import inception
from ganzoo_metrics.fid import FID
from ganzoo_metrics.inception import InceptionNetwork
from ganzoo_metrics.kid import KID
from ganzoo_metrics.precision_recall import PrecisionRecall
from ganzoo_metrics.recognition import InceptionScore
from metric_subjects import COLOUR, make_subject, pictures
from processes import start


def test_samples_of_metrics_are_shared_and_are_of_rank_0():
    (told, first, alone), (same, second, others) = start(2, ranks_measuring.measure)
    assert first == [("classifier_fid", 500), ("classifier_fid#2", 250)]  # whole batches of 250
    assert second == [("classifier_fid", 100)]
    assert told == same
    assert [(name, pytest.approx(numbers, rel=1e-9)) for name, numbers in told] == alone
    assert others != alone  # rank 1's own statistics would give other numbers


def test_a_signal_that_one_rank_got_leaves_metrics_unmeasured_on_all():
    (told, first, _), (same, second, _) = start(2, ranks_measuring.measure, 1)
    assert (first, second) == ([("classifier_fid", 500)], [])
    assert told == same == [("classifier_fid", {}), ("sliced_wasserstein", {}), ("classifier_fid#2", {})]


def test_samples_that_one_rank_cannot_look_at_cost_their_metric_alone():
    (told, *_), (same, *_) = start(2, ranks_measuring.measure, None, 1)
    assert told == same
    assert [numbers.get("failed") for _, numbers in told] == ["it is broken", None, "it is broken"]


@pytest.mark.parametrize(
    ("metric", "params"),
    [
        (FID, {}),
        (KID, {"real_samples": None, "subsets": 3, "subset_size": 5}),
        (PrecisionRecall, {"real_samples": None}),
        (InceptionScore, {"splits": 2}),
    ],
)
def test_inceptions_metrics_are_computed_from_shares(metric, params, tmp_path, inception_weights, monkeypatch):
    monkeypatch.setattr(inception, "INPUT_SIZE", 75)
    monkeypatch.setattr(InceptionNetwork, "features", lambda self, images, repeat_grey=False: images.flatten(2).mean(2)[:, :2] * 10)
    monkeypatch.setattr(InceptionNetwork, "logits_of", lambda self, features: features)
    monkeypatch.setattr(InceptionNetwork, "feature_size", 2)
    made, real = pictures(1, n=12), {"sample": pictures(2, n=12)}
    measured = metric(COLOUR, samples=12, weights=str(inception_weights[0]), sha256=inception_weights[1], **params)
    whole, *shares = (make_subject(tmp_path, COLOUR, {"sample": part}, real) for part in (made, made[:7], made[7:]))
    measured.prepare(whole)
    found = measured.compute(whole, [measured.collect(share) for share in shares])
    assert found == pytest.approx(measured.measure(whole), rel=1e-12)
    assert found != pytest.approx(measured.compute(whole, [measured.collect(shares[0])]), rel=1e-3)
