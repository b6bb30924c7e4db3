"""The path of a GPU, shown without one: stand-ins for CUDA's tensors and precisions."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from recorders import Quiet
from small_game import make, optimizer
from torch import nn

from ganzoo.config import parse_config, resolve
from ganzoo.data import rows
from ganzoo.engine import batches as batches_module
from ganzoo.engine import device, evaluation, loop, optimizers, outputs
from ganzoo.engine.build import build
from ganzoo.engine.distributed import whole_batch
from ganzoo.errors import DivergenceError
from ganzoo.metrics.evaluation import exact_products
from ganzoo.registry import Registry
from ganzoo.rundir.background import Background
from ganzoo.ui.progress import reporter

CPU = torch.device("cpu")


# Divergence and values.


def test_the_check_of_a_configuration_sees_a_divergence_where_steps_do_not_look(monkeypatch):
    class Late(loop.Guard):
        def __init__(self, stepping, device, deferred, ranks=None) -> None:
            super().__init__(stepping, device, True, ranks)

    monkeypatch.setattr(loop, "Guard", Late)
    run = make(generator=Quiet()).run
    with torch.no_grad():
        run.generator.tail.weight.fill_(float("nan"))
    with pytest.raises(DivergenceError):
        loop.rehearse(run)


RING = (
    "data: ring\ngenerator: {name: mlp, hidden: [8]}\ncritic: {name: mlp, hidden: [8]}\nloss: non_saturating\n"
    "train: {steps: 4, device: cpu}"
)


def test_a_plans_numbers_go_to_the_device_of_the_run_for_grids_and_metrics(monkeypatch, tmp_path):
    config = parse_config(RING)
    resolved = resolve(config, Registry.installed())
    run, _ = build(config, resolved, reporter(quiet=True))
    asked = []
    elsewhere = replace(run.runtime, device=torch.device("meta"))

    def plan_fields(plan, device=None):
        asked.append(device)
        return {}

    monkeypatch.setattr(outputs, "plan_fields", plan_fields)
    monkeypatch.setattr(evaluation.compat, "plan_fields", plan_fields)
    monkeypatch.setattr(outputs, "generate", lambda *args, **more: np.zeros((2, 2), np.float32))
    measured = evaluation.Evaluations([], run, resolved.data, reporter(quiet=True))
    run.runtime = elsewhere
    measured._subject()

    class Directory:
        samples, path = tmp_path / "samples", tmp_path
        check_held = log = lambda *args, **more: None

    shown = outputs.Outputs.__new__(outputs.Outputs)
    shown.config, shown.run, shown.directory, shown.inputs = config, run, Directory(), {}
    shown.background = Background(threaded=False)
    shown.real = np.zeros((1, 2))
    shown.observers = type("O", (), {"tell": lambda *args, **more: None})()
    shown.save_samples()
    assert asked == [elsewhere.device] * 2


# Precision.


@pytest.mark.parametrize(("matmul", "rounds"), [("highest", False), ("high", True)])
def test_convolutions_are_as_exact_as_matrix_products(matmul, rounds, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", not rounds)
    before = torch.get_float32_matmul_precision()
    try:
        device.from_config(parse_config(RING).train.model_copy(update={"matmul": matmul}))
        assert torch.backends.cudnn.allow_tf32 is rounds
        with exact_products():
            assert torch.backends.cudnn.allow_tf32 is False
        assert torch.backends.cudnn.allow_tf32 is rounds
    finally:
        torch.set_float32_matmul_precision(before)


def test_a_gpu_that_only_emulates_bf16_trains_in_fp32(monkeypatch):
    fakes = {"is_available": lambda: True, "device_count": lambda: 1, "current_device": lambda: 0, "set_device": lambda device: None}
    for name, fake in {**fakes, "is_bf16_supported": lambda including_emulation=True: including_emulation}.items():
        monkeypatch.setattr(torch.cuda, name, fake)
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", False)
    assert device.from_config(parse_config(RING).train.model_copy(update={"device": "auto"})).precision == "fp32"


def test_an_optimizer_on_a_gpu_does_not_warn_of_steps_that_are_not_recorded(monkeypatch):
    monkeypatch.setattr(torch, "tensor", lambda rate, **more: rate)  # a fake one has no value to be checked
    with torch._subclasses.FakeTensorMode():
        parameter = nn.Parameter(torch.ones(3, device="cuda"))
        for name in ("adam", "rmsprop"):
            made = optimizers.build(optimizer(name, lr=1e-3), [parameter], torch.device("cuda"))
            assert made._warned_capturable_if_run_uncaptured
            assert made.defaults["capturable"] is True
            assert made.defaults.get("fused") or made.defaults["foreach"]


# Data and gradients.


def test_data_goes_to_the_device_in_parts(monkeypatch):
    asked = []

    class Rows:
        dtype, shape, nbytes = np.dtype(np.uint8), (10, 4), 40
        values = np.arange(40, dtype=np.uint8).reshape(10, 4)

        def __len__(self):
            return 10

        def __getitem__(self, picked):
            asked.append(len(self.values[picked]))
            return self.values[picked]

    monkeypatch.setattr(rows, "CHUNK_BYTES", 12)
    assert torch.equal(batches_module.uploaded(Rows(), CPU), torch.from_numpy(Rows.values))
    assert asked == [3, 3, 3, 1]


def test_gradients_are_averaged_in_the_order_of_memory_that_they_have():
    parameter = nn.Parameter(torch.randn(4, 3, 5, 5).contiguous(memory_format=torch.channels_last))
    parameter.sum().backward()
    parameter.grad = torch.randn_like(parameter)
    wanted = parameter.grad.clone()
    mean = whole_batch.GradientMean([parameter], lambda flat: flat.mul_(2), 2)
    assert mean._views[0].stride() == parameter.stride() == parameter.grad.stride()
    mean(torch.zeros(()))
    assert torch.equal(parameter.grad, wanted)
