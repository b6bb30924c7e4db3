"""What is not finite is held back on the device, and named when the host looks: without a GPU, on recorded updates."""

from contextlib import nullcontext

import pytest
import torch
from recorders import Calling, Quiet, Refuses, Waits, recorded
from small_game import Difference, make, moved, steps, weights
from small_game import optimizer as part_of
from small_runs import CONFIGS
from torch import nn

from ganzoo.cli import invoke
from ganzoo.engine import loop as loop_module
from ganzoo.engine import optimizers
from ganzoo.engine.graphs import CudaGraphs
from ganzoo.engine.loop import Loop
from ganzoo.errors import DivergenceError
from ganzoo.rules import Plan
from ganzoo.rundir import read_record


class Diverges(Difference):
    """After ``healthy`` turns of ``side``, a term of its is infinite, or its slope is."""

    def __init__(self, healthy, fault, side="critic") -> None:
        super().__init__()
        self.healthy, self.fault, self.side = healthy, fault, side

    def critic_terms(self, turn):
        return super().critic_terms(turn) | self._sick(turn)

    def generator_terms(self, turn):
        return super().generator_terms(turn) | self._sick(turn)

    def _sick(self, turn):
        if turn.side != self.side or self.sides.count(self.side[0]) <= self.healthy:
            return {}
        score = turn.fake_scores["score"].mean()
        return {"sick": score / 0 if self.fault == "term" else (score - score).abs().sqrt()}


@pytest.mark.parametrize("optimizer", [part_of("adam", lr=1e-2), part_of("sgd", lr=1e-2, momentum=0.9), part_of("rmsprop", lr=1e-2)])
@pytest.mark.parametrize("fault", ["term", "gradient"])
def test_an_update_that_is_not_finite_is_held_back_with_all_that_follow(optimizer, fault):
    loop = make(losses={"diverges": Diverges(5, fault)}, generator=Quiet())
    loop.run.optimizers = {side: optimizers.build(optimizer, getattr(loop.run, side).parameters()) for side in ("generator", "critic")}
    loop = recorded(loop.run)
    steps(loop, 5)
    loop.check()
    before = weights(loop.run.generator), weights(loop.run.critic)
    steps(loop, 4)
    assert moved(loop.run.generator, before[0]) == set()
    assert moved(loop.run.critic, before[1]) == set()
    with pytest.raises(DivergenceError) as caught:
        loop.check()
    assert "diverged at step 5: on the critic's turn" in str(caught.value)
    assert ("the term 'sick' is " if fault == "term" else "its gradient is not finite") in str(caught.value)


@pytest.mark.parametrize("share", [False, True], ids=["a fake each", "one fake"])
@pytest.mark.parametrize("frozen", ["critic", "generator"])
@pytest.mark.parametrize("side", ["critic", "generator"])
def test_updates_of_a_frozen_side_do_not_count_in_saying_which_one_diverged(side, frozen, share):
    plans = [Plan(share_fake=share, frozen=(frozen,) if step % 3 == 1 else ()) for step in range(20)]
    recorder = Calling()
    loop = recorded(make(*plans, losses={"diverges": Diverges(16, "term", side)}, generator=Quiet()).run, recorder)
    steps(loop, 20)
    assert recorder.replayed > 0
    # From step 16 on, where one of the sides is frozen; it diverges a step later.
    with pytest.raises(DivergenceError, match=f"diverged at step {17 if side == frozen else 16}: on the {side}'s turn the term 'sick' is "):
        loop.check()


@pytest.mark.parametrize("recorder", [Calling, Refuses, Waits])
@pytest.mark.parametrize("side", ["critic", "generator"])
def test_the_step_and_the_side_are_named_however_updates_are_run_and_after_any_number_of_looks(recorder, side):
    loop = recorded(
        make(Plan(2), losses={"diverges": Diverges(14 if side == "critic" else 7, "term", side)}, generator=Quiet()).run, recorder()
    )
    for looks in (3, 2):
        steps(loop, looks)
        loop.check()
    steps(loop, 5)
    with pytest.raises(DivergenceError, match=f"diverged at step 7: on the {side}'s turn the term 'sick' is "):
        loop.check()


class Graph:
    """A CUDA graph as far as the host can tell: a replay runs no Python."""

    replays, device = 0, None

    def capture_begin(self, pool, capture_error_mode): ...

    def capture_end(self): ...

    def wait_stream(self, stream): ...

    def replay(self):
        self.replays += 1


def test_the_replay_of_a_graph_runs_no_python(monkeypatch):
    graph, calls = Graph(), []
    fakes = {"Stream": Graph(), "graph_pool_handle": None, "CUDAGraph": graph, "stream": nullcontext(), "synchronize": None}
    fakes |= {"current_stream": graph}
    for name, fake in fakes.items():
        monkeypatch.setattr(torch.cuda, name, lambda *args, fake=fake, **more: fake)

    replay = CudaGraphs(torch.device("cuda")).record(lambda: calls.append(1))
    replay(), replay()
    assert (len(calls), graph.replays) == (1, 2)


def test_an_optimizer_that_is_not_told_would_step():
    loop = make(losses={"diverges": Diverges(3, "term")}, generator=Quiet())
    loop = recorded(loop.run)
    for optimizer in loop.run.optimizers.values():
        del optimizer.found_inf
    steps(loop, 5)
    assert not all(torch.isfinite(value).all() for value in loop.run.critic.state_dict().values())


def test_no_metric_is_recorded_of_weights_after_a_divergence(monkeypatch, tmp_path):
    """Though the log is far off, and steps do not look, as on a GPU."""
    guard, step = loop_module.Guard, Loop.step

    def diverging(self):
        if self.run.step == 2:
            nn.init.constant_(next(self.run.critic.parameters()), float("inf"))
        step(self)

    monkeypatch.setattr(loop_module, "Guard", lambda stepping, device, deferred, ranks=None: guard(stepping, device, True, ranks))
    monkeypatch.setattr(Loop, "step", diverging)
    config = tmp_path / "ring.yaml"
    config.write_text(CONFIGS["ring"])
    asked = ["-o", "train.steps=9", "-o", "metrics=[{name: modes, samples: 9, every: 1}]", "--out", str(tmp_path / "out"), "--quiet"]
    assert invoke(["run", str(config), *asked]) == 3
    record = read_record(tmp_path / "out")
    assert (record.outcome, [found.step for found in record.evaluations]) == ("failed", [1, 2])
