"""``ganzoo compare``: which numbers of runs are ranked, and which facts keep others from it."""

import pytest
from compared_runs import FACTS, RECIPE
from ganzoo_explore.compared import number_rows, read_runs
from ganzoo_metrics.classifier_fid import ClassifierFID
from ganzoo_report.comparison import fact_rows

from ganzoo.cli import invoke
from ganzoo.registry import Registry
from ganzoo.rundir import Evaluation, curves, why_not_comparable
from ganzoo.rundir.lines import append_event


def better(component):
    return {"ganzoo-metrics/classifier_fid": ClassifierFID.better}.get(component, {})


@pytest.fixture
def runs(tmp_path):
    """Makes run directories ``a``, ``b``, ... of which each measured ``classifier_fid`` with these values and facts."""

    def make(*measured):
        folders = []
        for name, (values, facts) in zip("abcd", measured, strict=False):
            folder = tmp_path / name
            folder.mkdir()
            (folder / "config.yaml").write_text(RECIPE)
            append_event(folder, "started", time="2026-01-01T00:00:00+00:00", step=0)
            if values is not None:
                append_event(folder, "evaluated", step=4, metric="classifier_fid", values={**values, "provenance": facts})
            folders.append(folder)
        return read_runs(folders)

    return make


# Ranking.


def test_comparable_numbers_are_ranked_each_its_own_way(runs):
    given = [({"classifier_fid": fid, "conditional_accuracy": right}, FACTS) for fid, right in ((12.0, 0.9), (8.0, 0.7), (10.0, 0.8))]
    distance, accuracy = number_rows(runs(*given), better)
    assert (distance.number, distance.ranked, distance.best, distance.verdict) == ("classifier_fid", [1, 2, 0], {1}, "lower is better")
    assert (accuracy.number, accuracy.ranked, accuracy.best, accuracy.verdict) == (
        "conditional_accuracy",
        [0, 2, 1],
        {0},
        "higher is better",
    )


@pytest.mark.parametrize(
    ("fact", "other"),
    [
        *(
            ("network", "digits ffffffffffff"),
            ("samples", 5000),
            ("real_samples", 5000),
            ("split", "train"),
            ("crop", 140),
            ("data", "mnist"),
        ),
        *(("real_hash", "ba9876543210"), ("shape", "1x32x32"), ("weights", "raw"), ("metric", "ganzoo-metrics/classifier_fid 0.2.0")),
        *(("data", "mnist"), ("crop", None)),
    ],
)
def test_what_is_not_comparable_is_not_ranked_and_the_fact_is_named(fact, other, runs):
    facts = {name: value for name, value in (FACTS | {fact: other}).items() if value is not None}
    (row,) = number_rows(runs(({"classifier_fid": 12.0}, FACTS), ({"classifier_fid": 8.0}, facts)), better)
    assert (row.ranked, row.best) == ([], set())
    assert row.verdict == f"not ranked: {fact} is {FACTS[fact]} for a, {other or 'not stated'} for b"


def test_numbers_of_different_steps_are_not_ranked(runs):
    compared = runs(({"classifier_fid": 12.0}, FACTS), ({"classifier_fid": 8.0}, FACTS))
    append_event(compared[1].folder, "evaluated", step=2, metric="other", values={"other": 1.0, "provenance": FACTS})
    append_event(compared[0].folder, "evaluated", step=2, metric="other", values={"other": 1.0, "provenance": FACTS})
    append_event(compared[0].folder, "evaluated", step=4, metric="other", values={"other": 2.0, "provenance": FACTS})
    rows = number_rows(read_runs([run.folder for run in compared]), lambda component: {"other": "lower", "classifier_fid": "lower"})
    assert {row.metric: row.verdict for row in rows} == {
        "classifier_fid": "lower is better",
        "other": "not ranked: step is 4 for a, 2 for b",
    }


def test_a_line_joins_only_what_depends_on_the_same():
    def found(step, samples):
        return Evaluation(step, "fid", {"fid": 1.0, "provenance": {"samples": samples, "seed": step}})

    lines = curves([found(1, 50), found(2, 50), found(2, 1000), found(3, 50), found(4, 1000)])
    assert [[each.step for each in line] for line in lines] == [[1, 2, 3], [2, 4]]


def test_different_data_of_one_data_set_is_not_ranked(tmp_path, capsys):
    """A ring of 4 modes is not a ring of 8, though neither has real samples in its provenance."""
    (tmp_path / "ring.yaml").write_text(RECIPE.replace("digits", "{name: ring, count: 100}"))
    for modes in (4, 8):
        words = ["-o", f"data.modes={modes}", "-o", "metrics=[{name: modes, samples: 50}]"]
        assert invoke(["run", f"{tmp_path}/ring.yaml", "--out", f"{tmp_path}/{modes}", "-q", *words]) == 0
    found = {name: read_runs([tmp_path / "4", tmp_path / "8"])[i].record.evaluations[0] for i, name in enumerate("ab")}
    (reason,) = why_not_comparable(found)
    assert reason.startswith("data_hash is ")
    assert found["a"].facts["parameters"].startswith("samples=50")


def test_the_weights_that_a_run_began_with_are_told(runs):
    first, second = runs((None, {}), (None, {}))
    first.environment["init"] = {"generator": "0123456789ab"}
    assert ("begun with weights", ["generator 0123456789ab", ""]) in fact_rows([first, second])


def test_every_difference_is_named(runs):
    other = FACTS | {"samples": 5000, "weights": "raw"}
    (row,) = number_rows(runs(({"classifier_fid": 1.0}, FACTS), ({"classifier_fid": 2.0}, other), ({"classifier_fid": 3.0}, other)), better)
    assert row.verdict == "not ranked: weights is ema for a, raw for b and c; samples is 10000 for a, 5000 for b and c"


@pytest.mark.parametrize(("fact", "other"), [("seed", 7), ("weights", "ema other.safetensors 0123456789ab")])
def test_another_draw_or_another_file_of_the_same_kind_is_comparable(fact, other, runs):
    (row,) = number_rows(runs(({"classifier_fid": 12.0}, FACTS), ({"classifier_fid": 8.0}, FACTS | {fact: other})), better)
    assert row.ranked == [1, 0]


def test_a_number_without_a_direction_or_a_rival_is_not_ranked(runs):
    compared = runs(({"classifier_fid": 12.0, "deviation": 1.0}, FACTS), ({"classifier_fid": 8.0, "deviation": 2.0}, FACTS), (None, None))
    distance, deviation = number_rows(compared, better)
    assert distance.ranked == [1, 0]
    assert distance.values[2] is None
    assert deviation.verdict == "not ranked: the metric does not say which way is better"
    (alone,) = number_rows([compared[0], compared[2]], better)[:1]
    assert alone.verdict == "measured of one run only"


def test_the_last_measurement_counts(runs):
    compared = runs(({"classifier_fid": 12.0}, FACTS), ({"classifier_fid": 8.0}, FACTS))
    append_event(compared[0].folder, "evaluated", step=9, metric="classifier_fid", values={"classifier_fid": 3.0, "provenance": FACTS})
    (row,) = number_rows(read_runs([run.folder for run in compared]), better)
    assert [(found.value, found.step) for found in row.values] == [(3.0, 9), (8.0, 4)]


def test_level_runs_are_both_best(runs):
    (row,) = number_rows(runs(({"classifier_fid": 8.0}, FACTS), ({"classifier_fid": 8.0}, FACTS)), better)
    assert row.best == {0, 1}


def test_every_metric_says_which_way_is_better():
    for component in Registry.installed().of_kind("metric"):
        known = component.load().better
        assert known, component
        assert set(known.values()) <= {"lower", "higher"}
