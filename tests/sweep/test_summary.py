"""What a sweep finds: means and deviations over seeds, and what is not ranked."""

import pytest

from ganzoo.rundir.record import Record
from ganzoo.sweep.process import Result
from ganzoo.sweep.settings import Best
from ganzoo.sweep.summary import Summary, mean_text
from ganzoo.sweep.trials import Trial


def row_of(seed, value, state="finished", **setting):
    record = Record(last_step=4, logs={4: {"critic/adversarial": value}})
    return Trial(f"{setting},{seed}", setting, seed, ()), Result("", state, "", record)


def summary_of(*rows, goal="min"):
    return Summary([row[0] for row in rows], [row[1] for row in rows], Best(value="critic/adversarial", goal=goal))


def test_means_and_deviations_are_over_seeds():
    summary = summary_of(row_of(0, 1.0, lr=1), row_of(1, 2.0, lr=1), row_of(2, 6.0, lr=1), row_of(0, 4.0, lr=2))
    first, second = summary.settings
    assert first.value == pytest.approx(3.0)
    assert first.deviation == pytest.approx(7**0.5)
    assert mean_text(first) == "3 ± 2.6 (3 seeds)"
    assert mean_text(second) == "4"
    assert summary.best is first
    assert summary_of(row_of(0, 1.0, lr=1), row_of(0, 4.0, lr=2), goal="max").best.setting == {"lr": 2}


def test_a_setting_with_a_failed_seed_is_not_ranked():
    """The mean of the seeds that survived would flatter it."""
    summary = summary_of(row_of(0, 1.0, lr=1), row_of(1, 1.0, "failed", lr=1), row_of(0, 4.0, lr=2))
    assert summary.settings[0].value is None
    assert summary.settings[0].states == "1 finished, 1 failed"
    assert summary.best.setting == {"lr": 2}


def test_numbers_that_are_not_finite_are_not_ranked():
    assert summary_of(row_of(0, float("nan"), lr=1)).best is None
