"""How often processes ask each other for signals."""

import time

import pytest

from ganzoo.engine.distributed import ManyRanks


@pytest.mark.parametrize(("microseconds", "steps"), [(400_000, 1), (50_000, 4), (2_000, 100)])
def test_ranks_ask_each_other_every_fifth_of_a_second_of_the_slowest_and_where_something_was_written(monkeypatch, microseconds, steps):
    monkeypatch.setattr(time, "perf_counter", lambda: 0.0)
    ranks, others = object.__new__(ManyRanks), iter([microseconds, 0, microseconds, 15, microseconds, 2])
    ranks._every, ranks._steps, ranks._since = 1, 0, 0.0
    ranks.all_reduce_max = lambda number: max(number, next(others))
    assert ranks.signal(0, now=False) == 0
    assert [ranks.signal(0, now=False) for _ in range(steps)] == [0] * (steps - 1) + [15]
    assert ranks.signal(0, now=True) == 2
