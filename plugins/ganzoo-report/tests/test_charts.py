"""A report's charts: lines where they belong, gaps, spikes, odd ranges, and numbers in words."""

import re
import time

import numpy as np
import pytest
from ganzoo_report.charts import decimate, make_charts, value_limits
from ganzoo_report.numbers import number_text
from ganzoo_report.page import write_report
from ganzoo_report.series import Series
from reported_runs import log, write_events


def series(values, name="critic/a"):
    return Series(name, np.arange(1, len(values) + 1) * 50, np.array(values, dtype=float))


def points_of(chart, shape="polyline"):
    return [
        [tuple(map(float, p.split(","))) for p in points.split()] for points in re.findall(rf'<{shape} [^>]*points="([^"]*)"', chart.svg)
    ]


def test_chart_draws_the_line_where_it_belongs():
    (chart,) = make_charts("A", [series([0.0, 1.0, 0.5])], "critic/")
    ((first, second, third),) = points_of(chart)
    assert first[0] == 0
    assert second[0] == pytest.approx(third[0] / 2)
    assert second[1] < third[1] < first[1]  # y grows downwards
    assert third[1] == pytest.approx((first[1] + second[1]) / 2, abs=0.1)
    assert [(entry.name, entry.last) for entry in chart.legend] == [("a", "0.5")]
    assert "<title>step 100\na 1</title>" in chart.svg
    words = re.findall(r"<text [^>]*>([^<]*)</text>", chart.svg)
    assert words[0] == "step"  # what the lower axis counts


def test_one_point_is_a_dot():
    (chart,) = make_charts("A", [series([0.7])])
    assert chart.svg.count("<circle") == 1
    assert points_of(chart) == []


def test_values_that_are_not_finite_break_the_line_and_are_told():
    (chart,) = make_charts("A", [series([1.0, 2.0, np.nan, 3.0, np.inf, 4.0, 5.0])])
    assert [len(line) for line in points_of(chart)] == [2, 2]
    assert chart.svg.count("<circle") == 1
    assert chart.notes == ["critic/a: 2 values are not finite, the first at step 150"]
    assert make_charts("A", [series([np.nan, np.inf])]) == []
    assert not re.search(r"nan|inf", chart.svg.partition("<title>")[0])


def test_long_series_are_decimated_without_losing_a_spike():
    values = np.sin(np.arange(100_000) / 5_000)
    values[70_000] = 1.5
    line = decimate(series(values))
    assert len(line.values) == 200
    assert line.high.max() == 1.5
    assert np.abs(line.values - np.sin((line.steps / 50 - 1) / 5_000)).max() < 0.01
    (chart,) = make_charts("A", [series(values)])
    assert len(chart.svg) < 25_000
    assert len(points_of(chart, "polygon")) == 1


def test_decimation_keeps_gaps():
    values = np.ones(10_000)
    values[4_000:5_000] = np.nan
    line = decimate(series(values))
    values[7_000] = np.inf  # one of a bucket leaves the others
    assert (decimate(series(values)).values[120:] == 1).all()
    assert np.isnan(line.values[82:98]).all()
    assert np.isfinite(line.values[:79]).all()
    (chart,) = make_charts("A", [series(values)])
    assert len(points_of(chart)) == 2


def test_an_axis_that_starts_at_zero_leaves_room_above_the_line():
    low, high = value_limits([series([0.93, 0.94])], from_zero=True)
    assert low == 0
    assert high > 0.98  # a share of what is in view, not of the little that the line moves
    assert value_limits([series([-1.0, 1.0])], from_zero=True) == value_limits([series([-1.0, 1.0])])


def test_few_extremes_do_not_flatten_the_rest():
    values = [1000.0, *np.linspace(1, 2, 200)]
    low, high = value_limits([series(values)])
    assert 0 < low < 1
    assert 2 < high < 4
    (chart,) = make_charts("A", [series(values)])
    assert chart.notes == ["critic/a: 1 value lies out of view, up to 1,000 at step 50"]


def test_many_series_are_split_into_charts():
    charts = make_charts("A", [series([1, 2], f"critic/{i}") for i in range(8)])
    assert [(chart.title, len(chart.legend)) for chart in charts] == [("A", 6), ("A, continued", 2)]


@pytest.mark.parametrize("values", [[5.0] * 30, [0.0, 0.0], [1e299, -1e299], [1e-300, 2e-300], [1e9, 1e9 + 1], [-5.0], [float("nan"), 3.0]])
def test_odd_ranges_are_drawn(values):
    (chart,) = make_charts("A", [series(values)], from_zero=True)
    assert chart.svg


def test_huge_log_takes_seconds_and_little_room(tmp_path):
    events = [log(step, critic__a=1.0, generator__b=step / 7, images_per_second=1.0) for step in range(1, 100_001)]
    write_events(tmp_path, events)
    started = time.perf_counter()
    path = write_report(tmp_path)
    assert time.perf_counter() - started < 10
    assert path.stat().st_size < 300_000


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.69314, "0.6931"), (12_500, "12,500"), (1.2e-5, "1.2e-05"), (0, "0"), (float("nan"), "not finite"), (-3.5e9, "-3.5e+09")],
)
def test_number_text(value, text):
    assert number_text(value) == text
