"""One thread takes a run's steps where other processes want the cores and it is faster; trying it leaves no trace."""

import copy
import json
from math import inf

import pytest
import torch
from safetensors.torch import load_file

from ganzoo.cli import invoke
from ganzoo.config import load_config, parse_config, resolve
from ganzoo.engine import threads
from ganzoo.engine.build import build
from ganzoo.plugins.recipes import find_recipe
from ganzoo.registry import Registry
from ganzoo.runs import waiting
from ganzoo.runs.waiting import Cores
from ganzoo.ui.progress import reporter

RING = """
data: ring
generator: {name: mlp, hidden: [8]}
critic: {name: mlp, hidden: [8]}
loss: least_squares
train: {steps: 6, batch_size: 8}
"""
STATEFUL = ("ganzoo-began:digits", "ganzoo-cyclegan:tinted", "ganzoo-sngan:digits", "ganzoo-stackgan:described")
"""Recipes of parts with a state of their own: a balance, a pool of images, power iterations, what is drawn in a forward."""


@pytest.fixture(autouse=True)
def two_threads(monkeypatch):
    """As on two cores where the user said nothing."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def built(config):
    return build(config, resolve(config, Registry.installed()), reporter(quiet=True))[0]


@pytest.fixture
def run():
    return built(parse_config(RING))


def taking(monkeypatch, *seconds):
    """Pretend that two threads take the first of ``seconds`` a step, and one the second; returns the numbers that are tried."""
    tried = []

    def measure(run, number):
        tried.append(number)
        torch.set_num_threads(number)
        return seconds[len(tried) - 1]

    monkeypatch.setattr(threads, "seconds_of_a_step", measure)
    return tried


@pytest.mark.parametrize(
    ("two", "one", "tried", "left"),
    [(0.1, 0.05, [2, 1], 1), (0.1, 0.095, [2, 1], 2), (0.1, 0.2, [2, 1], 2), (3.0, 1.0, [2], 2), (inf, inf, [2], 2)],
)
def test_one_thread_is_chosen_where_it_is_clearly_faster_and_steps_are_not_long(two, one, tried, left, run, monkeypatch):
    found = taking(monkeypatch, two, one)
    said = threads.choose_threads(run, lambda: True)
    assert (found, torch.get_num_threads(), bool(said)) == (tried, left, left == 1)
    assert not said or ("50 ms a step, 2 threads take 100" in said and "train.threads: 2" in said)


def test_a_small_network_chooses_within_a_second(monkeypatch):
    run, now = built(parse_config(RING, ["train.steps=1000"])), [0.0]

    class Steps:
        def __init__(self, run, meter):
            self.threads = torch.get_num_threads()

        def step(self):
            now[0] += 0.07 / self.threads

    monkeypatch.setattr(threads, "Loop", Steps)
    monkeypatch.setattr(threads.time, "perf_counter", lambda: now[0])
    assert threads.choose_threads(run, lambda: True) == ""
    assert 0.5 < now[0] < 1


def test_a_first_step_that_prepares_decides_nothing(run, monkeypatch):
    """oneDNN prepares a network's convolutions anew for another number of threads: 0.7 s of pixel-level domain transfer."""
    now = [0.0]

    class Steps:
        first = True

        def __init__(self, run, meter):
            self.threads = torch.get_num_threads()

        def step(self):
            now[0] += 0.7 if self.first else 0.1 * self.threads
            self.first = False

    monkeypatch.setattr(threads, "Loop", Steps)
    monkeypatch.setattr(threads.time, "perf_counter", lambda: now[0])
    assert "100 ms a step, 2 threads take 200" in threads.choose_threads(run, lambda: True)
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize("why", ["the cores are free", "OMP_NUM_THREADS", "train.threads", "one core"])
def test_nothing_is_tried_where_nothing_is_to_choose(why, run, monkeypatch):
    tried = taking(monkeypatch)
    if why == "OMP_NUM_THREADS":
        monkeypatch.setenv(why, "2")
    elif why == "train.threads":
        run.config = parse_config(RING, ["train.threads=2"])
    elif why == "one core":
        torch.set_num_threads(1)
    assert threads.choose_threads(run, lambda: why != "the cores are free") == ""
    assert tried == []


@pytest.mark.parametrize(("number", "cores", "want"), [(2, 0.0, False), (2, 1.0, True), (1, 1.0, False), (4, 0.0, False), (4, 1.0, True)])
def test_cores_are_wanted_by_others_alone_never_by_more_threads_than_there_are(number, cores, want, monkeypatch):
    seconds = iter((0.0, cores))
    clock = iter((0.0, 1.0))
    monkeypatch.setattr(waiting, "seconds_of_others", lambda: next(seconds))
    monkeypatch.setattr(waiting.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(waiting.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(waiting.torch, "get_num_threads", lambda: number)
    assert Cores().wanted() == want


@pytest.mark.parametrize("recipe", STATEFUL)
def test_what_was_tried_is_taken_back_bit_for_bit(recipe):
    """All that a run continues from: weights, averages, moments, buffers, random numbers, the place in the data."""
    found = find_recipe(recipe, Registry.installed)
    few = ("data.count=16",) if "digits" not in recipe else ()
    run = built(load_config(found.path, ("train.batch_size=4", *few)))
    before = copy.deepcopy(run.state())
    assert threads.seconds_of_a_step(run, 2) > 0
    assert same(before, run.state()), recipe
    for optimizer in run.optimizers.values():
        assert not optimizer.state


def same(a, b):
    """Whether two states are equal, tensors bit for bit."""
    if isinstance(a, torch.Tensor):
        return a.equal(b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def test_a_run_that_diverges_is_left_to_say_so_itself(monkeypatch):
    run = built(parse_config(RING, ["optimizer.critic.lr=1e38"]))
    assert threads.seconds_of_a_step(run, 2) == inf
    assert run.step == 0


def test_a_run_of_one_chosen_thread_is_that_of_one_thread_and_goes_on_with_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ring.yaml").write_text(RING)
    monkeypatch.setattr(Cores, "wanted", lambda self: True)
    monkeypatch.setattr(threads, "FASTER", inf)  # two threads are good enough for so small a game
    assert invoke(["run", "ring.yaml", "--out", "chosen", "-o", "train.steps=4"]) == 0
    assert "note: other processes want the cores, so one thread computes" in capsys.readouterr().err
    torch.set_num_threads(2)
    assert invoke(["run", "ring.yaml", "--out", "chosen", "--resume", "-q"]) == 0
    assert "resuming elsewhere" not in capsys.readouterr().err
    assert json.loads((tmp_path / "chosen/env.json").read_text())["runtime"]["threads"] == torch.get_num_threads() == 1
    assert invoke(["run", "ring.yaml", "--out", "said", "-q", "-o", "train.threads=1"]) == 0
    chosen, said = (load_file(tmp_path / name / "weights/generator.safetensors") for name in ("chosen", "said"))
    assert same(chosen, said)
