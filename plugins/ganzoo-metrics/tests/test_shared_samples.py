"""Samples that the processes of a run share: each collects of its own, the numbers are those of one process."""

import numpy as np
import pytest
import ranks_measuring
import torch
from ganzoo_metrics import inception
from ganzoo_metrics.fid import FID
from ganzoo_metrics.inception import InceptionNetwork
from ganzoo_metrics.kid import KID
from ganzoo_metrics.precision_recall import PrecisionRecall
from ganzoo_metrics.recognition import InceptionScore
from metric_subjects import COLOUR, make_subject, pictures
from processes import start

from ganzoo import ContractError
from ganzoo.config import resolve_alone
from ganzoo.metrics.evaluation import collect
from ganzoo.metrics.metric import is_shared
from ganzoo.metrics.subject import Idle
from ganzoo.registry import Registry


def test_samples_of_metrics_are_shared_and_are_of_rank_0():
    (told, first, alone), (same, second, others) = start(2, ranks_measuring.measure)
    ready = ["classifier_fid", "sliced_wasserstein", "classifier_fid"]
    assert first == [*ready, ("classifier_fid", 500), ("classifier_fid#2", 250)]  # whole batches of 250
    assert second == [*ready[::2], ("classifier_fid", 100)]
    assert told == same
    assert [(name, pytest.approx(numbers, rel=1e-9)) for name, numbers in told] == alone
    assert others != alone  # rank 1's own statistics would give other numbers


def test_a_signal_that_one_rank_got_leaves_metrics_unmeasured_on_all():
    (told, first, _), (same, second, _) = start(2, ranks_measuring.measure, 1)
    assert [each for each in (*first, *second) if isinstance(each, tuple)] == [("classifier_fid", 500)]
    assert told == same == [("classifier_fid", {}), ("sliced_wasserstein", {}), ("classifier_fid#2", {})]


def test_samples_that_one_rank_cannot_look_at_cost_their_metric_alone():
    (told, *_), (same, *_) = start(2, ranks_measuring.measure, None, 1)
    assert told == same
    assert [numbers.get("failed") for _, numbers in told] == ["it is broken", None, "it is broken"]


def test_a_share_is_taken_once_and_shown_whole(tmp_path):
    """A second stream, of which a process has nothing, would cost what it saw of the first."""
    pool, totals = {"sample": pictures(1, n=600)}, []

    def subject():
        return make_subject(tmp_path, COLOUR, pool, pool, share=(1, 2), watch=lambda stream, what, total: totals.append(total))

    shared = subject()
    shared.generated(600)
    assert totals == [100]
    with pytest.raises(ContractError, match="takes made samples again"):
        shared.generated(100)
    with pytest.raises(Idle):
        subject().generated(100)
    done = subject()
    done.makes_no_more = True
    with pytest.raises(ContractError, match="in collect"):
        done.generated(600)


def test_a_metric_that_measures_by_itself_is_not_shared():
    class Extra(FID):
        def measure(self, subject):
            return {**super().measure(subject), "extra": 1.0}

    assert is_shared(FID)
    assert not is_shared(Extra)
    assert not is_shared(lambda data: FID(data))


@pytest.mark.parametrize("collected", [None, {}, {"x": np.zeros(3)}, {"x": torch.zeros(3), "n": 3}])
def test_what_processes_cannot_tell_each_other_is_refused(collected):
    class Odd(FID):
        def collect(self, subject):
            return collected

    part = resolve_alone("metric", "fid", Registry.installed(), "--metric fid")
    with pytest.raises(ContractError, match="not a mapping of names to tensors"):
        collect("odd", Odd.__new__(Odd), part, None)


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
