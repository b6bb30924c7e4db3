"""The path of a GPU and its measurement, shown without one: what is asked of torch there, and what is held against bars."""

import argparse
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ganzoo.config import parse_config, resolve
from ganzoo.data.spec import describe
from ganzoo.engine.batches import Batches
from ganzoo.engine.build import build
from ganzoo.engine.device import Runtime
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter

CPU = torch.device("cpu")
sys.path.insert(0, str(Path(__file__).parents[3] / "tools"))
cuda, files, endtoend = (importlib.import_module(name) for name in ("benchmarks.speed.cuda", "benchmarks.speed.files", "gpu.endtoend"))


class Divisors(TorchDispatchMode):
    """Keeps what tensors are divided by."""

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if function.overloadpacket in (torch.ops.aten.div, torch.ops.aten.div_):
            self.found.append(args[1])
        return function(*args, **(kwargs or {}))


def test_pixels_are_divided_by_a_tensor_which_a_gpu_rounds_as_a_cpu_does():
    """By a Python number CUDA multiplies with the inverse: 111 of the 256 pixel values would differ from a CPU's."""
    pixels = np.arange(256, dtype=np.uint8).reshape(256, 1, 1, 1)
    runtime = Runtime(CPU, "fp32", "highest")
    batches = Batches({"sample": pixels}, describe({"sample": pixels}, 0, 1.0), 1, 0, False, runtime)
    with Divisors() as divisors:
        shown = batches.fetch(np.arange(256))["sample"].flatten()
    assert [(type(divisor), float(divisor)) for divisor in divisors.found] == [(torch.Tensor, 127.5)]
    assert torch.equal(shown, torch.arange(256).float() / 127.5 - 1)


def test_cudnn_tries_its_algorithms_from_the_first_row_on(monkeypatch):
    """The textbook's loop comes before the first run of ganzoo, which sets it for the whole process."""
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", False)
    set_there = []

    def steps(name, batch, device):
        set_there.append(torch.backends.cudnn.benchmark)
        while True:
            yield batch

    for side in ("textbook", "eager", "graph"):
        monkeypatch.setattr(cuda, f"{side}_steps", steps)
    cuda.measure(cuda.Effort(seconds=1e-3, warm_up=1, batches=(4,)), lambda line: None, CPU)
    assert set_there == [True] * 3 * len(cuda.NAMES)


def test_the_memory_of_a_loop_is_what_it_reserved_with_that_of_its_graphs(monkeypatch):
    """What is allocated leaves out the pool of the graphs."""
    for name in ("synchronize", "empty_cache", "reset_peak_memory_stats", "set_sync_debug_mode"):
        monkeypatch.setattr(torch.cuda, name, lambda *given: None)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 100)
    monkeypatch.setattr(torch.cuda, "max_memory_reserved", lambda device: 250)
    found = cuda.timed(iter([4] * 20), torch.device("cuda"), cuda.Effort(seconds=0, warm_up=1))
    assert (found.memory, found.waits) == (250, 0)


@pytest.mark.parametrize(("pause", "code"), [(0.3, 0), (0.8, 1)])
def test_an_end_to_end_run_fails_where_its_files_cost_more_than_a_twentieth(pause, code, monkeypatch, capsys):
    """3,000 steps in 60 lines of a second; each session writes files once in ten lines."""

    class Run:
        lines = 21

        def __init__(self, command):
            pass

        def poll(self):
            return None

        def send_signal(self, number):
            pass

        def wait(self):
            return 143

    def logged(file):
        return [{"event": "log", "step": 50 * i, "seconds": i + i // 10 * pause} for i in range(1, Run.lines + 1)]

    def resumed(command, check):
        Run.lines = 60
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(endtoend, "rehearsing", lambda what: argparse.Namespace(rehearse=False))
    monkeypatch.setattr(endtoend, "write_folder", lambda *given: None)
    monkeypatch.setattr(endtoend, "logged", logged)
    monkeypatch.setattr(endtoend.subprocess, "Popen", Run)
    monkeypatch.setattr(endtoend.subprocess, "run", resumed)
    assert endtoend.main() == code
    assert ("missed: at most 5%" in capsys.readouterr().out) == bool(code)


@pytest.mark.parametrize(("step", "verdict"), [(1e-3, "**missed**"), (4e-3, "met")])
def test_checkpoints_and_grids_are_held_against_a_twentieth_at_a_recipes_own_intervals(step, verdict):
    """A grid of 50 ms every 500 steps and a checkpoint of 20 ms every 1,000: 0.12 ms a step. The first of each is left out."""
    taken = {"step": [9, step, step], "save_samples": [9, 0.05], "save_checkpoint": [9, 0.02]}
    found = files.row("ring", taken, 500, 1000)
    assert found[1:6] == (f"{step * 1e3:.1f}", "50", "500", "20", "1,000")
    assert found[6:] == (f"**{0.12e-3 / (step + 0.12e-3):.1%}**", verdict)


@pytest.mark.slow
def test_the_rehearsal_of_all_stages_passes_within_five_minutes(tmp_path):
    words = [sys.executable, Path(cuda.__file__).parents[2] / "gpu_check", "--rehearse", "--out", tmp_path]
    tried = subprocess.run(words, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=300)
    assert tried.returncode == 0, tried.stdout + tried.stderr
    results = json.loads((tmp_path / "results.json").read_text())
    assert {letter: result["state"] for letter, result in results.items()} == dict.fromkeys("ABCDEFGH", "passed")


def test_what_a_loss_keeps_of_its_curves_goes_to_the_device(monkeypatch):
    """``Module.to`` leaves plain tensors behind: a gamma on the CPU would stop a recording."""
    moved, to = [], torch.Tensor.to

    def watched(tensor, *arguments, **words):
        moved.append((to(tensor, *arguments, **words), arguments))
        return moved[-1][0]

    monkeypatch.setattr(torch.Tensor, "to", watched)
    config = parse_config(
        "data: ring\ngenerator: mlp\ncritic: mlp\nloss: [hinge, {name: r1, gamma: {from: 1, to: 0.1}}]\ntrain: {device: cpu}"
    )
    run, _ = build(config, resolve(config, Registry.installed()), reporter(quiet=True))
    ((part, name, _),) = vars(run.losses["r1"])["_curved"]
    assert [arguments for value, arguments in moved if value is getattr(part, name)] == [(run.runtime.device,)]
