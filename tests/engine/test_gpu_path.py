"""The path of a GPU, shown without one: stand-ins for CUDA's graphs, tensors and random numbers."""

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch
from recorders import Calling, Quiet, Waits, recorded
from small_game import DATA, Difference, Judge, make, optimizer, steps
from torch import Tensor, nn

from ganzoo.config import parse_config, resolve
from ganzoo.data import rows
from ganzoo.data.spec import describe
from ganzoo.engine import batches as batches_module
from ganzoo.engine import device, evaluation, graphs, loop, optimizers, outputs, sampling
from ganzoo.engine.build import build
from ganzoo.engine.distributed import whole_batch
from ganzoo.engine.graphs import WARM_UP, changed_parts, moving_parts
from ganzoo.errors import DivergenceError, GanzooError
from ganzoo.players import Generator
from ganzoo.registry import Registry
from ganzoo.rules import Plan
from ganzoo.rundir.background import Background
from ganzoo.ui.progress import reporter

CPU = torch.device("cpu")


# Random numbers.


class Noisy(Generator):
    """Draws in its forward, as StyleGAN's does."""

    latent_dim = 3

    def __init__(self) -> None:
        super().__init__()
        self.tail, self.fails = nn.Linear(3, 2), False

    def forward(self, latent: Tensor):
        if self.fails:
            raise RuntimeError("out of memory")
        return {"sample": self.tail(latent) + torch.randn(len(latent), 2)}


def sampled(generator, seed):
    runtime = device.from_config(parse_config("{data: d, generator: g, critic: c, loss: l, train: {steps: 1, device: cpu}}").train)
    return sampling.generate(generator, sampling.make_inputs(generator, DATA, 5, seed=seed), DATA, runtime, seed=(seed,))


def test_what_a_generator_draws_in_its_forward_follows_the_seed_and_leaves_the_trainings_numbers_alone():
    generator = Noisy()
    torch.manual_seed(7)
    expected = torch.randn(4)
    torch.manual_seed(7)
    first = sampled(generator, 3)
    assert torch.equal(torch.randn(4), expected)
    assert np.array_equal(first, sampled(generator, 3))
    assert not np.array_equal(first, sampled(generator, 4))


def test_a_forward_that_fails_leaves_the_generator_in_training_mode():
    generator = Noisy().train()
    generator.tail.eval()
    generator.fails = True
    with pytest.raises(RuntimeError):
        sampled(generator, 3)
    assert (generator.training, generator.tail.training) == (True, False)


def test_inputs_of_samples_do_not_reset_the_random_numbers_of_gpus(monkeypatch):
    """``torch.manual_seed`` would: then all ranks of a run draw the same noise."""
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: pytest.fail("a GPU was reseeded"))
    torch.random.fork_rng(devices=[]).__enter__()  # as the test's own draws are of no interest
    a, b = (sampling.make_inputs(Noisy(), DATA, 5, seed=3)["latent"] for _ in range(2))
    assert torch.equal(a, b)
    assert torch.equal(a, torch.randn(5, 3, generator=torch.Generator().manual_seed(3)))


# Recording fails.


class FakeGraph:
    """A CUDA graph; ``broken`` makes the end of a capture fail, as an operation that a capture does not allow does."""

    broken = False
    begun: list["FakeGraph"] = []

    def capture_begin(self, pool=None, capture_error_mode=""):
        FakeGraph.begun.append(self)
        self.pool = pool

    def capture_end(self):
        if FakeGraph.broken and self.pool is not None:
            raise RuntimeError("CUDA error: operation failed due to a previous error during capture")


@pytest.fixture
def cuda(monkeypatch):
    """Stand-ins for torch.cuda; gives the names of the streams that are current."""
    current = ["default"]

    class Stream:
        device, device_index = CPU, 0

        def __init__(self, device=None) -> None: ...

    @contextmanager
    def stream(one):
        current.append("capture")
        yield
        current.pop()

    FakeGraph.begun, FakeGraph.broken = [], False
    pools = iter((0, number) for number in range(1, 9))
    fakes = {"Stream": Stream, "stream": stream, "CUDAGraph": FakeGraph, "graph_pool_handle": lambda: next(pools)}
    fakes |= {"synchronize": lambda device: None, "empty_cache": lambda: None}
    for name, fake in fakes.items():
        monkeypatch.setattr(torch.cuda, name, fake)
    return current


def test_a_capture_that_fails_says_why_and_leaves_the_stream_and_the_generator_usable(cuda):
    recorder = graphs.CudaGraphs(CPU)
    FakeGraph.broken = True

    def update():
        assert cuda == ["default", "capture"]
        raise ValueError("a loss copies to the host")

    with pytest.raises(RuntimeError, match=r"^a loss copies to the host$"):
        recorder.record(update)
    assert cuda == ["default"]
    assert [graph.pool for graph in FakeGraph.begun] == [(0, 1), None]  # a second one, of its own pool, that succeeds
    assert recorder.pool == (0, 2)


def test_a_capture_that_only_fails_at_its_end_gives_that_as_the_reason(cuda):
    FakeGraph.broken = True
    with pytest.raises(RuntimeError, match="previous error during capture"):
        graphs.CudaGraphs(CPU).record(lambda: ())


def test_a_capture_that_cannot_be_put_right_names_the_key_that_avoids_it(cuda, monkeypatch):
    FakeGraph.broken = True
    monkeypatch.setattr(torch, "zeros", lambda *args, **more: (_ for _ in ()).throw(RuntimeError("an illegal state")))
    with pytest.raises(GanzooError, match="cuda_graphs: false"):
        graphs.CudaGraphs(CPU).record(lambda: ())


def test_an_interrupt_within_a_capture_stays_one(cuda):
    def update():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        graphs.CudaGraphs(CPU).record(update)


def test_an_update_that_fails_halfway_leaves_the_critic_trainable():
    class Fails(Difference):
        def generator_terms(self, turn):
            raise RuntimeError("not while capturing")

    game = make(losses={"fails": Fails()}, generator=Quiet())
    with pytest.raises(RuntimeError, match="not while"):
        game.step()
    assert all(parameter.requires_grad for parameter in game.run.critic.parameters())


# What moves.


class Pools(Difference):
    """Keeps a pool of past fakes in a list."""

    def __init__(self) -> None:
        super().__init__()
        self.pool: list[Tensor] = []

    def after(self, turn):
        self.pool.append(turn.fake["sample"].detach().clone())


class Tables(Difference):
    """Keeps a number in a dict of lists."""

    def __init__(self) -> None:
        super().__init__()
        self.table = {"counts": [0]}

    def after(self, turn):
        self.table["counts"][0] += 1


@pytest.mark.parametrize(("loss", "name"), [(Pools, "Pools.pool"), (Tables, "Tables.table['counts'][0]")])
def test_what_a_loss_keeps_in_a_container_is_seen_to_move(loss, name):
    notes: list[str] = []
    steps(recorded(make(losses={"loss": loss()}, generator=Quiet()).run, Calling(), notes), 8)
    assert len(notes) == 1
    assert name in notes[0]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("norm", [nn.utils.spectral_norm, nn.utils.weight_norm])
def test_a_weight_that_a_hook_computes_before_each_forward_is_no_obstacle(norm):
    layer = norm(nn.Linear(2, 2))
    layer.requires_grad_(False)
    layer(torch.ones(1, 2))
    before = moving_parts([layer])
    kept = layer.weight  # its address is not free for the next one
    layer(torch.ones(1, 2))
    assert layer.weight.data_ptr() != kept.data_ptr()
    assert changed_parts(before, moving_parts([layer])) == ""


def test_a_kind_of_update_that_cannot_be_recorded_leaves_the_others_recorded():
    class HalfWaits(Calling):
        def warm_up(self, update):
            super().warm_up(update)
            return "it waits" if self.warmed % 2 == 0 else ""  # every other step, those of one kind

    notes: list[str] = []
    recorder = HalfWaits()
    plans = [Plan(), Plan(2)] * 6
    game = steps(recorded(make(*plans, generator=Quiet(), critic=Silent()).run, recorder, notes), 12)
    assert len(notes) == 1
    assert recorder.recorded == 1
    assert recorder.replayed == 6 - WARM_UP
    assert game.runner.refused == {next(iter(game.runner.refused)): "it waits"}


class Silent(Judge):
    """Keeps nothing."""

    def forward(self, sample: Tensor):
        return {"score": self.head(torch.tanh(self.body(sample)))[:, 0]}


def test_a_replay_does_not_go_on_with_a_value_that_the_plan_no_longer_gives():
    seen = []

    class Reads(Difference):
        def critic_terms(self, turn):
            seen.append(turn.real.get("alpha") is not None)
            return super().critic_terms(turn)

    recorder = Calling()
    plans = [*[Plan(values={"alpha": 0.5})] * 6, *[Plan()] * 6]
    steps(recorded(make(*plans, losses={"reads": Reads()}, generator=Quiet(), critic=Silent()).run, recorder), 12)
    assert recorder.recorded == 2  # with the value and without
    assert seen == [True] * 6 + [False] * 6


def test_one_refusal_is_said_once_for_all_kinds():
    notes: list[str] = []
    steps(recorded(make(generator=Quiet(), critic=Silent()).run, Waits(), notes), 8)
    assert len(notes) == 1


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
    shown.real = np.zeros((1, 1))
    shown.references, shown.observers = None, type("O", (), {"tell": lambda *args, **more: None})()
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
        with evaluation.exact_products():
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


def test_pixels_are_divided_by_a_tensor_which_a_gpu_rounds_as_a_cpu_does():
    """By a Python number CUDA multiplies with the inverse: 111 of the 256 pixel values would differ from a CPU's."""
    pixels = np.arange(256, dtype=np.uint8).reshape(256, 1, 1, 1)
    runtime = device.Runtime(CPU, "fp32", "highest", 1)
    batches = batches_module.Batches({"sample": pixels}, describe({"sample": pixels}, 0, 1.0), 1, 0, False, runtime)
    assert isinstance(batches._half_range, Tensor)
    shown = batches.fetch(np.arange(256))["sample"].flatten()
    assert torch.equal(shown, torch.arange(256).float() / 127.5 - 1)
