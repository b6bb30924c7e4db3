"""Steps that a GPU records and replays, shown without one: stand-ins for CUDA's graphs."""

from contextlib import contextmanager

import pytest
import torch
from recorders import Calling, Quiet, Waits, recorded
from small_game import Difference, Judge, make, steps
from torch import Tensor, nn

from ganzoo.engine import graphs
from ganzoo.engine.graphs import WARM_UP
from ganzoo.engine.moving import changed_parts, moving_parts
from ganzoo.errors import GanzooError
from ganzoo.rules import Plan

CPU = torch.device("cpu")


class FakeGraph:
    """A CUDA graph; ``broken`` makes the end of a capture fail, as an operation that a capture does not allow does."""

    broken = False
    begun: list["FakeGraph"] = []
    replay = None

    def capture_begin(self, pool=None, capture_error_mode=""):
        FakeGraph.begun.append(self)
        self.pool = pool

    def capture_end(self):
        if FakeGraph.broken and self.pool is not None:
            raise RuntimeError("CUDA error: operation failed due to a previous error during capture")


@pytest.fixture
def cuda(monkeypatch):
    """Stand-ins for torch.cuda; gives the names of the streams that are current, and of what one was told to wait for."""
    current = ["default"]

    class Stream:
        device, device_index = CPU, 0

        def __init__(self, device=None) -> None: ...

        def wait_stream(self, other):
            current.append(f"{current[-1]} waits")

    @contextmanager
    def stream(one):
        current.append("capture")
        yield
        current.pop()

    FakeGraph.begun, FakeGraph.broken = [], False
    pools = iter((0, number) for number in range(1, 9))
    fakes = {"Stream": Stream, "stream": stream, "CUDAGraph": FakeGraph, "graph_pool_handle": lambda: next(pools)}
    fakes |= {"synchronize": lambda device: None, "empty_cache": lambda: None, "current_stream": Stream}
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
    assert cuda == ["default", "default waits"]
    assert [graph.pool for graph in FakeGraph.begun] == [(0, 1), None]  # a second one, of its own pool, that succeeds
    assert recorder.pool == (0, 2)


def test_a_replay_waits_for_what_beginning_its_capture_wrote_on_another_stream(cuda):  # the state of random numbers, else 0 now and then
    graphs.CudaGraphs(CPU).record(lambda: ())
    assert cuda == ["default", "default waits"]


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
