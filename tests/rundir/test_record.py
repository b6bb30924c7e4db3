"""What a record tells of a run that was started several times, and evaluated afterwards."""

import pytest
from reported_runs import log, write_events

from ganzoo.rundir import Evaluation, read_record
from ganzoo.rundir.lines import EVAL, append_event


def started(step, **more):
    return {"event": "started", "time": "2026-01-01T00:00:00+00:00", "step": step, **more}


def test_the_time_of_training_is_the_sum_of_all_sessions(tmp_path):
    """The second session's seconds go past the first's, which must not hide them."""
    first = [{**log(50), "seconds": 4.0}, {**log(100), "seconds": 10.0}]
    second = [{**log(150), "seconds": 6.0}, {**log(200), "seconds": 12.0}]
    write_events(tmp_path, [started(0), *first, started(100), *second])
    assert read_record(tmp_path).seconds == 22.0


def test_an_evaluation_afterwards_neither_ends_nor_replaces_anything(tmp_path):
    values = {"fid": 9.0, "provenance": {"samples": 50}}
    write_events(tmp_path, [started(0), log(4), {"event": "evaluated", "step": 4, "metric": "fid", "values": values}])
    append_event(tmp_path, "finished", step=4, text="")
    append_event(tmp_path, "evaluated", step=9, metric="fid", values={"fid": 1.0, "provenance": {"samples": 10}}, by=EVAL)
    record = read_record(tmp_path)
    assert (record.outcome, record.last_step) == ("finished", 4)
    assert [(found.numbers["fid"], found.by_run) for found in record.evaluations] == [(9.0, True), (1.0, False)]


def test_numbers_of_the_first_version_name_the_digit_classifier_as_those_of_today():
    of_then, of_today = (Evaluation(4, "fid", {"provenance": {"network": f"{name} 6136ffd6a9a4"}}) for name in ("judge", "digits"))
    assert of_then.facts == of_today.facts


def test_a_start_that_went_back_is_kept_with_what_it_changed(tmp_path):
    events = [started(0), log(50), log(100), started(100, changed=["processes was 1, is 2"]), log(150), started(50), log(60)]
    write_events(tmp_path, events)
    record = read_record(tmp_path)
    assert [start.step for start in record.starts] == [0, 100, 50]
    assert record.changes == [(100, "processes was 1, is 2")]
    assert record.last_step == 60


@pytest.mark.parametrize("damage", ['"changed": 5', '"changed": [{}]', '"environment": [1]', '"environment": {"command": 7}'])
def test_a_start_that_somebody_forged_does_no_harm(damage, tmp_path):
    (tmp_path / "metrics.jsonl").write_text(f'{{"event": "started", "step": 3, {damage}}}\n')
    assert len(read_record(tmp_path).starts) == 1
