"""What a sweep finds: means and deviations over seeds, and what is not ranked."""

import pytest
from ganzoo_sweep.process import Result
from ganzoo_sweep.settings import Best
from ganzoo_sweep.summary import Summary, mean_text
from ganzoo_sweep.trials import Trial

from ganzoo.rundir.record import Evaluation, Record, Start


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


def measured(seed, *evaluations, last_step=4, **setting):
    """A finished trial with these evaluations of ``fid``: (step, value, facts, by_run)."""
    found = [Evaluation(step, "fid", {"fid": value, "provenance": facts}, by_run) for step, value, facts, by_run in evaluations]
    trial = Trial(f"{setting},{seed}", setting, seed, ())
    return trial, Result("", "finished", "", Record(last_step=last_step, outcome="finished", evaluations=found))


def summary_of_fid(*rows):
    return Summary([row[0] for row in rows], [row[1] for row in rows], Best(value="fid", goal="min"))


def test_an_earlier_evaluation_does_not_stand_in_for_one_that_failed():
    summary = summary_of_fid(measured(0, (2, 1.0, {}, True), lr=1), measured(0, (2, 9.0, {}, True), (4, 5.0, {}, True), lr=2))
    assert [setting.value for setting in summary.settings] == [None, 5.0]
    assert summary.best.setting == {"lr": 2}


def test_an_evaluation_by_hand_does_not_replace_a_trials_number():
    other = (4, 0.5, {"samples": 10}, False)
    summary = summary_of_fid(measured(0, (4, 6.0, {"samples": 50}, True), other, lr=1), measured(0, (4, 5.0, {"samples": 50}, True), lr=2))
    assert [setting.value for setting in summary.settings] == [6.0, 5.0]
    assert summary.best.setting == {"lr": 2}


@pytest.mark.parametrize(
    ("facts", "why"), [({"samples": 10}, "samples is 50 for {'a': 1},0, 10 for {'a': 2},0"), ({"data_hash": "b"}, "data_hash")]
)
def test_trials_that_are_not_alike_are_not_ranked_and_it_says_why(facts, why):
    alike = {"samples": 50, "data_hash": "a"}
    summary = summary_of_fid(measured(0, (4, 6.0, alike, True), a=1), measured(0, (4, 5.0, alike | facts, True), a=2))
    assert summary.best is None
    assert why in summary.not_ranked[0]
    assert f"Not ranked: {summary.not_ranked[0]}." in summary.markdown()
    assert summary.to_json()["not_ranked"] == summary.not_ranked


def test_a_trial_that_went_on_otherwise_is_told():
    mixed, longer = measured(0, (4, 6.0, {}, True), a=1), measured(0, (4, 5.0, {}, True), a=2)
    mixed[1].record.starts.append(Start(2, "", "", {}, ["threads was 1, is 2"]))
    longer[1].record.starts.append(Start(2, "", "", {}, ["train.steps: 2, now 4"]))
    summary = summary_of_fid(mixed, longer)
    assert summary.to_json()["changed_on_resuming"] == {"{'a': 1},0": "threads was 1, is 2"}
    assert "- `{'a': 1},0` changed on resuming: threads was 1, is 2\n" in summary.markdown()


@pytest.mark.parametrize(("environment", "ranked"), [({"data": {"hash": "a"}}, True), ({"data": {"hash": "b"}}, False), ({}, False)])
def test_logged_values_are_ranked_only_of_the_same_data(environment, ranked):
    rows = row_of(0, 1.0, lr=1), row_of(0, 4.0, lr=2)
    for (_, result), known in zip(rows, ({"data": {"hash": "a"}}, environment), strict=True):
        result.record.starts.append(Start(0, "", "", known, []))
    assert bool(summary_of(*rows).best) == ranked


def test_trials_of_different_lengths_are_not_ranked():
    summary = summary_of_fid(measured(0, (4, 6.0, {}, True), a=1), measured(0, (8, 5.0, {}, True), last_step=8, a=2))
    assert summary.best is None
    assert summary.not_ranked == ["step is 4 for {'a': 1},0, 8 for {'a': 2},0"]
