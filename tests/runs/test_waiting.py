"""OpenMP's threads spin for each other on a quiet machine, and sleep while other processes want the cores."""

import os
import time
from pathlib import Path

import pytest
import torch

from ganzoo.runs import waiting

pytestmark = pytest.mark.skipif(not waiting.STATISTICS.exists(), reason="only Linux tells what other processes use")


def threads_here():
    return len(list(Path("/proc/self/task").iterdir()))


def until(condition):
    """Whether ``condition`` comes true within seconds."""
    end = time.monotonic() + 10
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return found


@pytest.fixture
def others(monkeypatch):
    """What others want, in cores: set ``others.cores``."""

    class Others:
        cores = seconds = 0.0
        asked = time.monotonic()

        def had(self):
            self.seconds += self.cores * (time.monotonic() - self.asked)
            self.asked = time.monotonic()
            return self.seconds

    found = Others()
    monkeypatch.setattr(waiting, "SECONDS", 0.01)
    monkeypatch.setattr(waiting.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(waiting, "seconds_of_others", found.had)
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        monkeypatch.delenv(name, raising=False)
    torch.set_num_threads(2)
    torch.ones(2**18).add_(1)  # the threads of this thread's own are there
    return found


def test_threads_are_held_while_the_cores_are_wanted_and_no_longer(others):
    alone = threads_here()
    with waiting.yielding_cores():
        quiet = alone + 1  # the one that looks
        assert threads_here() == quiet
        others.cores = 1.0
        assert until(lambda: threads_here() == quiet + 1)
        others.cores = 0.2
        assert until(lambda: threads_here() == quiet)
        others.cores = 1.0
        assert until(lambda: threads_here() == quiet + 1)
    assert until(lambda: threads_here() == alone)


@pytest.mark.parametrize("said", [{"OMP_WAIT_POLICY": "active"}, {"GOMP_SPINCOUNT": "5"}, {}])
def test_nothing_is_watched_where_the_user_chose_or_one_thread_computes(others, monkeypatch, said):
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    if not said:
        torch.set_num_threads(1)
    alone = threads_here()
    with waiting.yielding_cores():
        assert threads_here() == alone


def test_what_others_have_had_is_all_but_this_process(monkeypatch, tmp_path):
    (tmp_path / "stat").write_text("cpu  900 30 70 5000 0 0 0 0 0 0\ncpu0 900 30 70 5000 0 0 0 0 0 0\n")
    monkeypatch.setattr(waiting, "STATISTICS", tmp_path / "stat")
    monkeypatch.setattr(time, "process_time", lambda: 4.0)
    assert waiting.seconds_of_others() == 1000 / os.sysconf("SC_CLK_TCK") - 4.0
