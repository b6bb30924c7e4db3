"""The real thing: torchrun starts the processes, which takes 20 s: ./tools/test -m slow tests/engine/test_torchrun.py.

The same commands in two processes that no torchrun started are in test_distributed.py, at every run of the tests.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from ganzoo.rundir import checkpoint

RECIPE = """
data: digits
generator: {name: mlp, hidden: [8], latent_dim: 4}
critic: {name: mlp, hidden: [8]}
loss: non_saturating
train: {steps: 12, batch_size: 8, ema: 0.9, device: cpu, threads: 1}
log: {every: 2}
sample: {every: 100000, count: 10}
checkpoint: {every: 4}
"""
ENDLESS = ["-o", "train.steps=1000000", "-o", "checkpoint.every=50", "-o", "log.every=50"]
ERROR = "ganzoo: error:"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    return tmp_path


class Job:
    """A torchrun in the background, and what it writes."""

    def __init__(self, folder, *arguments, launcher=("--standalone", "--nproc-per-node", "2"), name="job.txt"):
        self.folder, self.file = folder, folder / name
        self.earlier = len(self.events)
        command = [sys.executable, "-m", "torch.distributed.run", *launcher, "-m", "ganzoo", "run", "tiny.yaml", "--out", "run", *arguments]
        environment = {**os.environ, "GANZOO_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"}
        with self.file.open("w") as out:
            self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=out)

    @property
    def text(self):
        return self.file.read_text()

    @property
    def events(self):
        path = self.folder / "run/metrics.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def wait(self, seconds=240):
        try:
            return self.process.wait(seconds)
        finally:
            self.process.kill()

    def ranks(self):
        """The process ids of the ranks, in order."""
        found = {}
        for entry in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                words = dict(word.split("=", 1) for word in (entry / "environ").read_text().split("\0") if "=" in word)
                if words.get("GANZOO_CACHE") == str(self.folder / "cache") and "RANK" in words:
                    found[int(words["RANK"])] = int(entry.name)
        return [found[rank] for rank in sorted(found)]

    def wait_for_training(self):
        end = time.monotonic() + 240
        while sum(event["event"] == "checkpoint" for event in self.events[self.earlier :]) < 2:
            assert time.monotonic() < end, self.text
            assert self.process.poll() is None, self.text
            time.sleep(0.1)

    def wait_until_no_rank_is_left(self, seconds):
        end = time.monotonic() + seconds
        while ranks := self.ranks():
            assert time.monotonic() < end, f"processes {ranks} go on after {seconds} s: {self.text}"
            time.sleep(0.1)


def last_state(folder):
    path = checkpoint.existing(folder / "run/checkpoints")[0]
    return checkpoint.decode(path.read_bytes(), str(path))


def weights(folder):
    return {f"{name}.{key}": value for name, state in last_state(folder)["networks"].items() for key, value in state.items()}


@pytest.mark.slow
def test_two_processes_train_and_one_writes_and_prints(folder):
    job = Job(folder)
    assert job.wait() == 0, job.text
    assert job.text.count("weights: run/weights") == 1
    assert job.text.count("training  12/12") == 1
    assert [event["event"] for event in job.events].count("started") == 1
    assert [event["step"] for event in job.events if event["event"] == "log"] == [2, 4, 6, 8, 10, 12]
    assert json.loads((folder / "run/env.json").read_text())["runtime"]["processes"] == 2
    assert len(last_state(folder)["ranks"]) == 1
    assert {path.name for path in folder.iterdir()} <= {"job.txt", "run", "tiny.yaml", "cache"}


@pytest.mark.promise("Many processes", "kill -9 of one process ends all within 30 s with one line, and the rerun goes on")
@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_process_ends_the_job_and_the_rerun_goes_on(folder, victim, found):
    job = Job(folder, *ENDLESS)
    job.wait_for_training()
    os.kill(job.ranks()[victim], signal.SIGKILL)
    killed = time.monotonic()
    assert job.wait(30) != 0
    job.wait_until_no_rank_is_left(30 - (time.monotonic() - killed))
    found(f"process {victim}: all gone after {time.monotonic() - killed:.1f} s")
    assert job.text.count(ERROR) == 1, job.text
    assert "another process of this run is gone" in job.text
    saved = last_state(folder)["step"]
    again = Job(folder, "--resume", *ENDLESS[2:], "-o", "train.steps=1000001", name="again.txt")
    again.wait_for_training()
    again.process.terminate()
    again.wait()
    assert f"at step {saved} from" in again.text
    assert last_state(folder)["step"] > saved


@pytest.mark.promise("Many processes", "With --max-restarts and --resume torchrun brings a run to its end by itself after a kill -9")
@pytest.mark.slow
def test_torchrun_starts_the_processes_again_where_it_may(folder, found):
    job = Job(
        folder,
        "--resume",
        "-o",
        "train.steps=1500",
        "-o",
        "checkpoint.every=100",
        "-o",
        "log.every=100",
        launcher=("--standalone", "--nproc-per-node", "2", "--max-restarts", "2"),
    )
    job.wait_for_training()
    os.kill(job.ranks()[1], signal.SIGKILL)
    assert job.wait() == 0, job.text
    assert "resuming run at step" in job.text
    assert job.events[-1]["event"] == "finished"
    assert last_state(folder)["step"] == 1500
    found("1,500 steps, 1 kill, exit code 0")


@pytest.mark.promise("Many processes", "The processes do not outlive torchrun: after kill -9 of it they save and end within 30 s")
@pytest.mark.slow
def test_processes_do_not_outlive_torchrun(folder, found):
    job = Job(folder, *ENDLESS)
    job.wait_for_training()
    job.process.kill()
    killed = time.monotonic()
    job.wait()
    job.wait_until_no_rank_is_left(30)
    found(f"gone after {time.monotonic() - killed:.1f} s")
    assert job.events[-1]["event"] == "stopped"


@pytest.mark.promise("Many processes", "SIGTERM and SIGINT to torchrun save; the rerun ends with the tensors of an uninterrupted run")
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_torchrun_saves_and_the_rerun_is_bit_for_bit(folder, tmp_path_factory, number, found):
    job = Job(folder, *ENDLESS)
    job.wait_for_training()
    job.process.send_signal(number)
    assert job.wait(30) != 0
    job.wait_until_no_rank_is_left(5)
    assert ERROR not in job.text
    stopped = last_state(folder)["step"]
    assert job.events[-1]["event"] == "stopped"
    assert job.events[-1]["step"] == stopped
    whole = tmp_path_factory.mktemp("whole")
    (whole / "tiny.yaml").write_text(RECIPE)
    end = ["-o", f"train.steps={stopped + 20}", *ENDLESS[2:]]
    assert Job(whole, *end).wait() == 0
    # A run may not be made shorter: what was stopped goes on from its checkpoint under the shorter configuration.
    config = folder / "run/config.yaml"
    config.write_text(config.read_text().replace("steps: 1000000", f"steps: {stopped + 10}"))
    assert Job(folder, "--resume", *end, name="again.txt").wait() == 0
    mine, theirs = weights(folder), weights(whole)
    assert all(torch.equal(value, theirs[name]) for name, value in mine.items())
    found(f"{number.name}: stopped at step {stopped}, {len(mine)} tensors equal at step {stopped + 20}")


@pytest.mark.promise("Many processes", "A failure of all processes is one line")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "train.batch_size=7"], "a batch of 7 cannot be split evenly over 2 processes; set it to 6 or 8"),
        (["-o", "generator=mlpp"], "did you mean 'mlp'"),
        (["-o", "optimizer.critic={name: sgd, lr: 1e+20}", "-o", "train.steps=200"], "diverged at step"),
    ],
)
def test_a_failure_is_one_line(folder, arguments, words, found):
    job = Job(folder, *arguments)
    assert job.wait() != 0
    assert job.text.count(ERROR) == 1, job.text
    line = next(line for line in job.text.splitlines() if ERROR in line)
    assert words in line
    assert "Traceback" not in job.text.partition("failed (exitcode")[0]
    found(f"'{words}'")


@pytest.mark.promise("Many processes", "Two nodes train one run: two agents of torchrun that meet over the network")
@pytest.mark.slow
def test_two_nodes(folder, found):
    """Two agents, as on two machines, that meet at one address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    meet = ("--nnodes", "2", "--nproc-per-node", "1", "--rdzv-id", "7", "--rdzv-backend", "c10d", "--rdzv-endpoint", address)
    nodes = [Job(folder, launcher=meet, name=f"node-{i}.txt") for i in range(2)]
    assert [node.wait() for node in nodes] == [0, 0], "".join(node.text for node in nodes)
    assert sum(node.text.count("weights: run/weights") for node in nodes) == 1
    assert last_state(folder)["step"] == 12
    assert last_state(folder)["runtime"]["processes"] == 2
    found("2 agents on loopback, 12 steps, one of them wrote")
