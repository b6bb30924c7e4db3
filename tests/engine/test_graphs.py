"""Recorded updates: the path a GPU takes, followed on the CPU by a recorder that replays by calling again.

What is shown here without a GPU: static buffers give the same weights bit for bit, nothing looks at a tensor's value between
two reads of the log, and what cannot be replayed is found before it is. What is not finite: ``test_guard``.
"""

import pytest
import torch
from recorders import Calling, Quiet, Refuses, Waits, recorded
from small_game import Difference, Judge, make, moved, steps, weights
from torch.utils._python_dispatch import TorchDispatchMode

from ganzoo.config import parse_config, resolve
from ganzoo.engine.build import build
from ganzoo.engine.graphs import MAX_GRAPHS, WARM_UP
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.registry import Registry
from ganzoo.rules import Loss, Plan
from ganzoo.ui.progress import reporter

RUNS = {
    "acgan": """
        data: digits
        generator: {name: acgan, width: 4, latent_dim: 8}
        critic: {name: acgan, width: 4, dropout: 0.3}
        loss: [non_saturating, label_classification]
        optimizer: {generator: {name: adam, lr: {from: 2e-4, to: 0, start: 0.3}}, critic: {name: adam, lr: {from: 2e-4, to: 0, start: 0.3}}}
        train: {steps: 12, batch_size: 8, ema: {half_life: {from: 20, to: 80}, ramp: 0.5}, device: cpu, threads: 1}
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
        loss: [wasserstein, {name: gradient_penalty, weight: {from: 10, to: 1}}, {name: r1, every: 3}]
        schedule: {name: alternate, critic_updates: 3}
        optimizer: {generator: rmsprop, critic: {name: sgd, lr: 1e-3, momentum: 0.9}}
        train: {steps: 12, batch_size: 16, device: cpu, threads: 1}
    """,
    "clipping, a batch in two parts": """
        data: {name: ring, count: 100}
        generator: {name: mlp, hidden: [16], latent_dim: 2}
        critic: {name: mlp, hidden: [16]}
        loss: [wasserstein, weight_clip]
        schedule: {name: wgan, boost_updates: 4, boost_steps: 2}
        train: {steps: 12, batch_size: 16, accumulate: 2, device: cpu, threads: 1}
    """,
}


def built(text):
    config = parse_config(text)
    run, _ = build(config, resolve(config, Registry.installed()), reporter(quiet=True))
    return run


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


def test_a_field_that_grows_has_a_buffer_for_each_of_its_sizes():
    runner = recorded(make(losses={"sees": Difference()}, generator=Quiet()).run).runner
    first, larger, again = (runner.copy_to_static([{"sample": torch.full((2, size), float(size))}])[0]["sample"] for size in (4, 8, 4))
    assert first is again
    assert (first.shape, larger.shape) == ((2, 4), (2, 8))
    assert (first == 4).all()
    assert (larger == 8).all()


def test_each_kind_of_step_is_recorded_once_after_its_warm_up():
    lazy = Difference()
    lazy.critic_terms = lambda turn: {"lazy": turn.real_scores["score"].square().mean()}
    lazy.generator_terms = lambda turn: {}
    lazy.every = 2
    recorder = Calling()
    loop = make(Plan(3), losses={"always": Difference(), "lazy": lazy}, generator=Quiet())
    notes = []
    steps(recorded(loop.run, recorder, notes), 20)
    assert notes == []
    assert recorder.warmed == 2 * WARM_UP  # a whole step, with the lazy loss and without
    assert recorder.recorded == 2
    assert recorder.replayed == 20 - recorder.warmed


def test_a_schedule_of_ever_new_values_stops_recording_and_says_so():
    class Watches(Judge):
        def forward(self, sample: torch.Tensor, stage):
            return super().forward(sample)

    plans = [Plan(values={"stage": stage}) for stage in range(MAX_GRAPHS) for _ in range(WARM_UP + 1)]
    notes, recorder = [], Calling()
    loop = recorded(make(*plans, generator=Quiet(), critic=Watches()).run, recorder, notes)
    steps(loop, len(plans))
    assert recorder.recorded == MAX_GRAPHS
    assert len(notes) == 1
    assert f"{MAX_GRAPHS} kinds" in notes[0]


def test_a_plans_numbers_change_under_a_replay():
    class Grows(Quiet):
        def forward(self, latent: torch.Tensor, alpha):
            return {"sample": alpha * super().forward(latent)["sample"]}

    plans = [Plan(values={"alpha": step / 8}) for step in range(8)]
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
