"""How often processes ask each other for signals."""

import time

import pytest

from ganzoo.engine.distributed import Agreement, Ranks


class Two(Ranks):
    """Rank 0 of two, the other of which answers with ``others``, a signal and the microseconds of its steps by turns."""

    size = 2

    def __init__(self, others):
        self.others, self.asked = iter(others), 0

    def all_reduce_max(self, number):
        self.asked += 1
        return max(number, next(self.others))


@pytest.mark.parametrize(("microseconds", "steps"), [(400_000, 1), (50_000, 4), (2_000, 100)])
def test_ranks_ask_each_other_every_fifth_of_a_second_of_the_slowest(monkeypatch, microseconds, steps):
    monkeypatch.setattr(time, "perf_counter", lambda: 0.0)
    ranks = Two([0, microseconds, 15, microseconds])
    agreement = Agreement(ranks)
    assert agreement.signal(0, now=False) == 0
    assert [agreement.signal(0, now=False) for _ in range(steps)] == [0] * (steps - 1) + [15]
    assert ranks.asked == 4


def test_ranks_ask_at_once_where_something_was_written(monkeypatch):
    monkeypatch.setattr(time, "perf_counter", lambda: 0.0)
    agreement = Agreement(Two([0, 10, 2, 10]))
    agreement.signal(0, now=False)
    assert agreement.signal(15, now=False) == 0
    assert agreement.signal(15, now=True) == 15


def test_a_process_that_is_alone_learns_at_once():
    assert Agreement(Ranks()).signal(15, now=False) == 15
