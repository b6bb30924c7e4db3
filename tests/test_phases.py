"""Recorded updates: the path a GPU takes, followed on the CPU by a recorder that replays by calling again.

What is shown here without a GPU: static buffers give the same weights bit for bit, nothing looks at a tensor's value between
two reads of the log, updates that are not finite are held back, and what cannot be replayed is found before it is.
"""

import numpy as np
import pytest
import torch
from small_game import Difference, Judge, Maker, make, moved, steps, weights
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from ganzoo.config import Part, parse_config, resolve
from ganzoo.engine import optimizers
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.engine.phases import MOST, WARM_UP, Recorded
from ganzoo.engine.run import build
from ganzoo.errors import DivergenceError
from ganzoo.progress import reporter
from ganzoo.registry import Registry
from ganzoo.rules import Loss, Plan

RUNS = {
    "acgan": """
        data: digits
        generator: {name: acgan, width: 4, latent_dim: 8}
        critic: {name: acgan, width: 4, dropout: 0.3}
        loss: [non_saturating, label_classification]
        schedule: {name: alternate, decay_from: 0.3}
        train: {steps: 12, batch_size: 8, ema: 0.9, device: cpu, threads: 1}
    """,
    "one fake for both": """
        data: {name: digits, size: 32}
        generator: {name: dcgan, width: 4}
        critic: {name: dcgan, width: 4}
        loss: non_saturating
        schedule: {name: alternate, share_fake: true}
        train: {steps: 12, batch_size: 8, precision: bf16, device: cpu, threads: 1}
    """,
    "penalties": """
        data: {name: ring, count: 100}
        generator: {name: mlp, hidden: [16, 16], latent_dim: 2, norm: batch}
        critic: {name: mlp, hidden: [16, 16]}
        loss: [wasserstein, gradient_penalty, {name: r1, every: 3}]
        schedule: {name: alternate, critic_updates: 3}
        optimizer: {generator: rmsprop, critic: {name: sgd, lr: 1e-3, momentum: 0.9}}
        train: {steps: 12, batch_size: 16, device: cpu, threads: 1}
    """,
    "clipping": """
        data: {name: ring, count: 100}
        generator: {name: mlp, hidden: [16], latent_dim: 2}
        critic: {name: mlp, hidden: [16]}
        loss: [wasserstein, weight_clip]
        schedule: {name: wgan, boost_updates: 4, boost_steps: 2}
        train: {steps: 12, batch_size: 16, device: cpu, threads: 1}
    """,
}


class Quiet(Maker):
    """Counts nothing."""

    def forward(self, latent: torch.Tensor):
        return {"sample": self.tail(torch.tanh(self.body(latent)))}


class Calling:
    """Records an update as the function that does it."""

    def __init__(self) -> None:
        self.warmed = self.recorded = self.replayed = 0

    def warm_up(self, update):
        self.warmed += 1
        update()
        return ""

    def record(self, update):
        self.recorded += 1

        def replay():
            self.replayed += 1
            update()

        return replay


def built(text):
    config = parse_config(text)
    run, _ = build(config, resolve(config, Registry.installed()), reporter(quiet=True))
    return run


def recorded(run, recorder=None, notes=None):
    recorder = recorder or Calling()
    modules = [run.generator, run.critic, *run.losses.values()]
    return Loop(run, Meter(), Recorded(recorder, modules, (notes if notes is not None else []).append))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("name", RUNS)
def test_static_buffers_and_replays_give_the_same_weights_bit_for_bit(name):
    plain, replayed, recorder, notes = Loop(built(RUNS[name]), Meter()), None, Calling(), []
    steps(plain, 12)
    replayed = steps(recorded(built(RUNS[name]), recorder, notes), 12)
    replayed.check()
    for side in ("generator", "critic"):
        assert moved(getattr(replayed.run, side), weights(getattr(plain.run, side))) == set()
    if plain.run.average:
        assert moved(replayed.run.average.network, weights(plain.run.average.network)) == set()
    ours, theirs = replayed.meter.read(), plain.meter.read()
    assert {k: v for k, v in ours.items() if k != "images_per_second"} == {k: v for k, v in theirs.items() if k != "images_per_second"}
    assert recorder.replayed > 0
    assert notes == []


def test_batches_are_copied_into_buffers_that_stay():
    seen = []

    class Sees(Difference):
        def critic_terms(self, turn):
            seen.append(turn.real["sample"])
            return super().critic_terms(turn)

    loop = make(losses={"sees": Sees()}, generator=Quiet())
    steps(recorded(loop.run), 3)
    assert len({value.data_ptr() for value in seen}) == 1
    assert seen[0] is seen[2]


def test_each_kind_of_update_is_recorded_once_after_its_warm_up():
    lazy = Difference()
    lazy.critic_terms = lambda turn: {"lazy": turn.real_scores["score"].square().mean()}
    lazy.generator_terms = lambda turn: {}
    lazy.every = 2
    recorder = Calling()
    loop = make(Plan(3), losses={"always": Difference(), "lazy": lazy}, generator=Quiet())
    steps(recorded(loop.run, recorder), 20)
    assert recorder.warmed == 4 * WARM_UP  # two sides, with the lazy loss and without
    assert recorder.recorded == 4
    assert recorder.replayed == 20 * (3 + 1) - recorder.warmed


def test_a_schedule_of_ever_new_values_stops_recording_and_says_so():
    class Watches(Judge):
        def forward(self, sample: torch.Tensor, stage):
            return super().forward(sample)

    plans = [Plan(values={"stage": stage}) for stage in range(MOST) for _ in range(WARM_UP + 1)]
    notes, recorder = [], Calling()
    loop = recorded(make(*plans, generator=Quiet(), critic=Watches()).run, recorder, notes)
    steps(loop, len(plans))
    assert recorder.recorded == MOST
    assert len(notes) == 1
    assert f"{MOST} kinds" in notes[0]


def test_a_plans_numbers_and_rates_change_under_a_replay():
    class Grows(Quiet):
        def forward(self, latent: torch.Tensor, alpha):
            return {"sample": alpha * super().forward(latent)["sample"]}

    plans = [Plan(values={"alpha": step / 8}, lr_scale=1 - step / 8) for step in range(8)]
    torch.manual_seed(5)
    plain = steps(make(*plans, generator=Grows()), 8)
    torch.manual_seed(5)
    replayed = steps(recorded(make(*plans, generator=Grows()).run), 8)
    assert moved(replayed.run.generator, weights(plain.run.generator)) == set()


# Nobody looks.


class Looks(TorchDispatchMode):
    """Counts what makes a host wait for its device."""

    count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if str(function).startswith(("aten._local_scalar_dense", "aten.nonzero", "aten.equal", "aten.is_nonzero", "aten.item")):
            self.count += 1
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("name", RUNS)
def test_no_step_looks_at_a_value_between_two_reads_of_the_log(name):
    loop = recorded(built(RUNS[name]))
    steps(loop, 2)
    with Looks() as looks:
        steps(loop, 8)
    # one_hot looks at the labels' range, twice in each of 8 steps' two updates, on a CPU and not on a GPU.
    assert looks.count == (32 if name == "acgan" else 0)
    with Looks() as looks:
        loop.check(), loop.meter.read()
    assert looks.count > 0


def test_a_cpu_looks_before_each_update():
    loop = make()
    with Looks() as looks:
        steps(loop, 4)
    assert looks.count >= 8


# What is not finite.


class Diverges(Difference):
    """From its ``last``-th critic turn on, a term is infinite, or its slope is."""

    def __init__(self, last, fault) -> None:
        super().__init__()
        self.last, self.fault = last, fault

    def critic_terms(self, turn):
        terms = super().critic_terms(turn)
        if len(self.turns) // 2 >= self.last:
            score = turn.fake_scores["score"].mean()
            terms["sick"] = score / 0 if self.fault == "term" else (score - score).abs().sqrt()
        return terms


@pytest.mark.parametrize(
    "optimizer", [Part("adam", {"lr": 1e-2}), Part("sgd", {"lr": 1e-2, "momentum": 0.9}), Part("rmsprop", {"lr": 1e-2})]
)
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


def test_an_optimizer_that_is_not_told_would_step():
    loop = make(losses={"diverges": Diverges(3, "term")}, generator=Quiet())
    loop = recorded(loop.run)
    for optimizer in loop.run.optimizers.values():
        del optimizer.found_inf
    steps(loop, 5)
    assert not all(torch.isfinite(value).all() for value in loop.run.critic.state_dict().values())


# What cannot be replayed.


class Replaces(Difference):
    """Puts a new tensor in its buffer's place."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("pool", torch.zeros(2))

    def after(self, turn):
        self.pool = self.pool + 1


class Counts(Difference):
    """Keeps a number on the host."""

    calls = 0

    def after(self, turn):
        self.calls = self.calls + 1


class Changes(Difference):
    """Changes its buffer in place, as it should."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("pool", torch.zeros(2))

    def after(self, turn):
        self.pool += 1


class Refuses(Calling):
    def record(self, update):
        raise RuntimeError("operation not permitted\nwhen stream is capturing")


class Waits(Calling):
    def warm_up(self, update):
        super().warm_up(update)
        return "an update waits for the device (plugin.py:3)"


@pytest.mark.parametrize(
    ("loss", "recorder", "reason"),
    [
        (Replaces, Calling, "Replaces.pool"),
        (Counts, Calling, "Counts.calls"),
        (Difference, Refuses, "operation not permitted when stream is capturing"),
        (Difference, Waits, "waits for the device (plugin.py:3)"),
    ],
)
def test_what_cannot_be_replayed_runs_as_it_is_and_says_why_once(loss: type[Loss], recorder, reason):
    def trained(wrap):
        torch.manual_seed(3)
        loop = make(Plan(2), losses={"loss": loss()}, generator=Quiet())
        return steps(wrap(loop.run), 8)

    notes: list[str] = []
    plain = trained(lambda run: Loop(run, Meter()))
    tried = trained(lambda run: recorded(run, recorder(), notes))
    assert len(notes) == 1
    assert notes[0].startswith("note: updates run kernel by kernel")
    assert reason in notes[0]
    assert moved(tried.run.generator, weights(plain.run.generator)) == set()
    for name, value in plain.run.losses["loss"].state_dict().items():
        assert torch.equal(tried.run.losses["loss"].state_dict()[name], value)


def test_state_that_changes_in_place_is_replayed():
    notes: list[str] = []
    loop = make(losses={"changes": Changes()}, generator=Quiet())
    steps(recorded(loop.run, Calling(), notes), 8)
    assert notes == []
    assert loop.run.losses["changes"].pool.tolist() == [16.0, 16.0]


# Optimizers on either device.


@pytest.mark.parametrize("part", [Part("adam", {"lr": 1e-2}), Part("sgd", {"lr": 1e-2, "momentum": 0.9}), Part("rmsprop", {"lr": 1e-2})])
def test_an_optimizers_state_holds_nothing_of_its_device(part):
    network = nn.Linear(2, 2)
    optimizer = optimizers.build(part, network.parameters())
    network(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    state = optimizers.state_of(optimizer)
    assert state["param_groups"][0].keys() & {"lr", "fused", "foreach", "capturable"} == set()
    other = optimizers.build(part, nn.Linear(2, 2).parameters())
    optimizers.scale_rate(other, 0.5)
    optimizers.restore(other, state)
    assert other.param_groups[0]["lr"] == 0.005
    assert other.param_groups[0]["base_lr"] == 0.01
    ours, theirs = other.state_dict()["state"], optimizer.state_dict()["state"]
    assert all(np.array_equal(ours[i][name], theirs[i][name]) for i in theirs for name in theirs[i] if theirs[i][name] is not None)
    with pytest.raises(ValueError, match="0 groups"):
        optimizers.restore(other, state | {"param_groups": []})
