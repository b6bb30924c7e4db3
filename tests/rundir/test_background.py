"""Grids and checkpoints are written while the training goes on: of the state at that moment, in order, and no error is lost."""

import threading
from collections import OrderedDict

import pytest
import torch

from ganzoo.errors import GanzooError
from ganzoo.rundir.background import Background, in_memory, snapshot


def test_what_follows_happens_in_order_in_the_thread_that_looks():
    background, seen, threads = Background(threaded=True), [], set()
    for number in range(5):
        background.do("grid", lambda n=number: (threads.add(threading.current_thread()), n)[1], seen.append)
    background.wait()
    assert seen == [0, 1, 2, 3, 4]
    assert threading.current_thread() not in threads
    assert len(threads) == 1


def test_the_training_does_not_wait_for_what_is_being_written_until_the_next_of_its_kind():
    background, going, seen = Background(threaded=True), threading.Event(), []
    for kind in ("checkpoint", "grid"):
        background.do(kind, lambda kind=kind: going.wait(30) and kind, seen.append)
    background.look()
    assert seen == []
    threading.Timer(0.2, going.set).start()
    background.do("checkpoint", lambda: "second", seen.append)
    assert seen[:1] == ["checkpoint"]
    background.wait()
    assert seen == ["checkpoint", "grid", "second"]


def test_an_error_comes_out_where_somebody_looks_and_what_follows_does_not_happen():
    background, seen = Background(threaded=True), []

    def fails():
        raise GanzooError("the disk is full")

    background.do("grid", fails, seen.append)
    with pytest.raises(GanzooError, match="the disk is full"):
        background.wait()
    assert seen == []
    background.wait()


def test_a_snapshot_does_not_change_with_what_it_was_taken_of():
    state = {"step": 3, "networks": OrderedDict(weight=torch.ones(2)), "ranks": [{"random": torch.zeros(1)}], "none": None}
    state["networks"]._metadata = {"": {"version": 1}}
    kept = snapshot(state)
    state["networks"]["weight"].add_(1)
    state["ranks"][0]["random"].add_(1)
    kept = in_memory(kept)
    assert kept["networks"]["weight"].tolist() == [1, 1]
    assert kept["ranks"][0]["random"].tolist() == [0]
    assert (kept["step"], kept["none"]) == (3, None)
    assert kept["networks"]._metadata == {"": {"version": 1}}


def test_on_a_cpu_everything_is_done_at_once():
    seen = []
    Background(threaded=False).do("grid", threading.current_thread, seen.append)
    assert seen == [threading.current_thread()]
