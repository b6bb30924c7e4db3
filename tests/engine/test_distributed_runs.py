"""A run of several processes: a failure, a signal or a death on one ends all, and it resumes bit for bit."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
import torch.distributed as dist
from processes import command
from ranks_at_work import WGAN_GP

from ganzoo.config import load_config, resolve
from ganzoo.engine.distributed import Ranks
from ganzoo.engine.distributed.launch import meet
from ganzoo.engine.runner import Runner
from ganzoo.errors import GanzooError
from ganzoo.registry import Registry
from ganzoo.rundir import checkpoint
from ganzoo.ui.progress import reporter


class Drifted(Ranks):
    """Says that a parameter differs, once training has begun."""

    def differing(self, tensors):
        return next(name for name in tensors if name.startswith("critic."))


def test_weights_that_drift_apart_end_the_run_and_are_not_saved(folder):
    config = load_config(folder / "tiny.yaml", [])
    runner = Runner(config, resolve(config, Registry.installed()), folder / "tiny.yaml", folder / "run", False, reporter(True), Drifted())
    with pytest.raises(GanzooError, match=r"at step 2 the processes no longer have the same weights: 'critic\.") as caught:
        runner.train()
    assert caught.value.exit_code == 3
    assert last_state(folder)["step"] == 0
    assert '"failed"' in record(folder).splitlines()[-1]


# The command.

RECIPE = WGAN_GP.replace("steps: 40", "steps: 8") + "log: {every: 2}\nsample: {every: 4, count: 10}\ncheckpoint: {every: 4}\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    return tmp_path


def run(size, folder, *arguments, codes=None):
    found, text = command(size, folder, "run", "tiny.yaml", "--out", "run", *arguments).wait()
    assert found == (codes or [0] * size), text
    return text


def last_state(folder):
    path = checkpoint.existing(folder / "run/checkpoints")[0]
    return checkpoint.decode(path.read_bytes(), str(path))


def same(a, b):
    """Whether two states are the same, bit for bit."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


@pytest.mark.promise("Many processes", "Two processes resume bit for bit")
def test_two_ranks_resume_bit_for_bit(folder, tmp_path_factory, found):
    text = run(2, folder)
    assert text.count("weights: run/weights") == 1
    whole = last_state(folder)
    assert whole["runtime"]["processes"] == 2
    assert len(whole["ranks"]) == 1
    assert not same(whole["ranks"][0]["random"], whole["random"])

    halves = tmp_path_factory.mktemp("halves")
    (halves / "tiny.yaml").write_text(RECIPE)
    run(2, halves, "-o", "train.steps=5")
    assert last_state(halves)["step"] == 5
    assert "not be bit for bit" not in run(2, halves, "--resume", "-o", "train.steps=8")
    assert same({**last_state(halves), "run": ""}, {**whole, "run": ""})  # a run's own name, which no two have in common
    found("8 steps against 5 and 3: every tensor of both processes equal")


@pytest.mark.promise("Many processes", "A checkpoint of some processes resumes on fewer and on more, with a notice")
@pytest.mark.slow
def test_more_or_fewer_ranks_go_on_and_say_that_it_is_not_the_same(folder, found):
    run(2, folder, "-o", "train.steps=2")
    before = 2
    for size, steps in ((1, 4), (4, 6), (2, 8), (8, 10)):
        text = run(size, folder, "--resume", "-o", f"train.steps={steps}")
        assert f"processes was {before}, is {size}): the result will not be bit for bit" in text
        assert last_state(folder)["step"] == steps
        assert len(last_state(folder)["ranks"]) == size - 1
        before = size
    found("2 to 1 to 4 to 2 to 8 processes")


def test_a_signal_to_one_rank_stops_all_after_saving(folder):
    job = command(2, folder, "run", "tiny.yaml", "--out", "run", "-o", "train.steps=100000", "-o", "checkpoint.every=100000")
    wait_for(lambda: "log" in record(folder), job)
    os.kill(job.processes[1].pid, signal.SIGTERM)
    codes, text = job.wait()
    assert codes == [143, 143], text
    assert "error" not in text
    assert '"stopped"' in record(folder).splitlines()[-1]
    assert last_state(folder)["step"] > 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["-o", "train.batch_size=7"], 2, "a batch of 7 cannot be split evenly over 2 processes; set it to 6 or 8"),
        (["-o", "generator=mlpp"], 2, "did you mean 'mlp'"),
        pytest.param(["-o", "optimizer.critic={name: sgd, lr: 1e+30}"], 3, "diverged at step", marks=pytest.mark.slow),
    ],
)
def test_a_failure_is_one_line(folder, arguments, code, words):
    text = run(2, folder, *arguments, codes=[code, code])
    assert text.count("ganzoo: error:") == 1, text
    assert words in text
    assert "Traceback" not in text


@pytest.mark.slow
def test_a_rank_that_dies_ends_the_others_with_one_line(folder):
    job = command(3, folder, "run", "tiny.yaml", "--out", "run", "-o", "train.steps=100000", "-o", "train.batch_size=9")
    wait_for(lambda: "log" in record(folder), job)
    os.kill(job.processes[1].pid, signal.SIGKILL)
    killed = time.monotonic()
    codes, text = job.wait()
    assert time.monotonic() - killed < 30
    assert codes == [3, -signal.SIGKILL, 3]
    assert text.count("ganzoo: error:") == 1, text
    assert "another process of this run is gone" in text
    assert '"failed"' in record(folder).splitlines()[-1]


def wait_for(condition, job):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, job.written()
        time.sleep(0.05)


def record(folder):
    path = folder / "run/metrics.jsonl"
    return path.read_text() if path.exists() else ""


def test_processes_that_start_again_do_not_meet_those_before_them():
    """torchrun keeps its store: in it is what earlier starts left, whole or half done."""
    store = dist.HashStore()

    def begin():
        with ThreadPoolExecutor() as threads:
            places = [threads.submit(meet, store, rank, 3) for rank in (2, 1, 0)]
            return [place.result(30) for place in places]

    assert [place.add("met", 1) for place in begin()] == [1, 2, 3]
    assert [place.add("met", 1) for place in begin()] == [1, 2, 3]
    store.set("ganzoo/start", "one whose rank 0 died before it confirmed")
    assert [place.add("met", 1) for place in begin()] == [1, 2, 3]
