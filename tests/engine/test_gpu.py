"""What only a GPU can show; run with: tools/test -m gpu.

For one configuration of each kind of recipe: the weights of steps without graphs, all steps recorded, and no wait for the device
between two reads of the log.
"""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from gpu_kinds import KINDS

from ganzoo.config import parse_config, resolve
from ganzoo.engine.build import build
from ganzoo.engine.graphs import GraphedUpdates, choose_runner
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.errors import DivergenceError
from ganzoo.registry import Registry
from ganzoo.rundir import checkpoint
from ganzoo.ui.progress import reporter

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")]


def trained(text, precision, graphs, steps=50, notes=None):
    train = f"train: {{steps: 1000, batch_size: 64, ema: 0.99, device: cuda, precision: {precision}, cuda_graphs: {str(graphs).lower()}}}"
    config = parse_config(f"{text}\n{train}")
    run, _ = build(config, resolve(config, Registry.installed()), reporter(quiet=True))
    torch.backends.cudnn.benchmark = not torch.are_deterministic_algorithms_enabled()
    loop = Loop(run, Meter(), choose_runner(run, (notes if notes is not None else []).append))
    for _ in range(steps):
        loop.step()
    loop.check()
    return loop


def losses(loop):
    found = loop.meter.means()
    assert all(np.isfinite(value) for value in found.values())
    return {name: value for name, value in found.items() if "gradient" not in name}


@pytest.fixture
def repeatable(monkeypatch):
    """The same algorithms each time: cuDNN's, chosen by rule, and cuBLAS's."""
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    benchmark = torch.backends.cudnn.benchmark
    torch.use_deterministic_algorithms(True, warn_only=True)
    yield
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.benchmark = benchmark


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("kind", KINDS)
def test_graphs_leave_the_weights_of_eager_steps_bit_for_bit(kind, precision, repeatable):
    notes: list[str] = []
    graphed, eager = trained(KINDS[kind], precision, True, 12, notes), trained(KINDS[kind], precision, False, 12)
    assert notes == []
    assert isinstance(graphed.runner, GraphedUpdates)
    assert len(graphed.runner._replays) >= 1
    for side in ("generator", "critic"):
        ours, theirs = (getattr(loop.run, side).state_dict() for loop in (graphed, eager))
        assert [name for name, value in ours.items() if not torch.equal(value, theirs[name])] == [], side
    assert losses(graphed) == pytest.approx(losses(eager), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_no_step_waits_for_the_device(kind):
    loop = trained(KINDS[kind], "bf16", True, steps=40)  # until every kind of update is recorded
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        for _ in range(20):
            loop.step()
        torch.cuda.set_sync_debug_mode("default")
    assert [str(warning.message) for warning in said if "called a synchronizing" in str(warning.message)] == []


def test_an_update_that_is_not_finite_is_held_back_by_a_graph():
    loop = trained(KINDS["wgan_gp"], "bf16", True, steps=12)
    before = {name: value.clone() for name, value in loop.run.critic.state_dict().items()}
    with torch.no_grad():
        next(loop.run.generator.parameters()).fill_(float("nan"))
    for _ in range(3):
        loop.step()
    with pytest.raises(DivergenceError, match="diverged at step 12: on the critic's turn"):
        loop.check()
    for name, value in loop.run.critic.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_replayed_turns_of_a_side_at_rest_do_not_shift_the_step_that_is_named(monkeypatch):
    loop = trained(KINDS["two fakes"], "bf16", True, steps=4)
    plan = loop.run.schedule.plan

    def frozen(step, total):
        return replace(plan(step, total), frozen=("generator",) if step % 2 else ())

    monkeypatch.setattr(loop.run.schedule, "plan", frozen)
    while loop.run.step < 40:
        loop.step()
    loop.check()
    while loop.run.step < 60:
        loop.step()
    with torch.no_grad():
        next(loop.run.generator.parameters()).fill_(float("nan"))
    for _ in range(3):
        loop.step()
    assert len(loop.runner._replays) == 2
    with pytest.raises(DivergenceError, match="diverged at step 60: on the critic's turn"):
        loop.check()


def test_a_checkpoint_goes_from_the_gpu_to_the_cpu_and_back():
    loop = trained(KINDS["wgan"], "fp32", True, steps=8)
    state = checkpoint.decode(checkpoint.encode(loop.run.state()), "memory")
    config = parse_config(f"{KINDS['wgan']}\ntrain: {{steps: 1000, batch_size: 64, ema: 0.99, device: cpu, threads: 1}}")
    run, _ = build(config, resolve(config, Registry.installed()), reporter(quiet=True))
    run.restore(state)
    Loop(run, Meter()).step()
    again = trained(KINDS["wgan"], "fp32", True, steps=0)
    again.run.restore(checkpoint.decode(checkpoint.encode(run.state()), "memory"))
    for _ in range(8):
        again.step()
    again.check()
    assert again.run.step == 17


def test_a_component_that_waits_for_the_device_runs_eagerly_and_is_named(monkeypatch):
    from ganzoo_wgan.wasserstein import Wasserstein

    terms = Wasserstein.critic_terms

    def looks(self, turn):
        if not torch._subclasses.fake_tensor.is_fake(turn.real["sample"]):  # the dry run would refuse it
            float(turn.real["sample"].mean())
        return terms(self, turn)

    monkeypatch.setattr(Wasserstein, "critic_terms", looks)
    notes: list[str] = []
    loop = trained(KINDS["wgan_gp"], "bf16", True, steps=6, notes=notes)
    assert len(notes) == 1
    assert "waits for the device" in notes[0]
    assert loop.runner.refused
