"""The moving average: closed forms, what is averaged and what copied, and when the loop averages."""

import pytest
import torch
from small_game import make, moved, steps, weights
from torch import nn

from ganzoo.engine.ema import HalfLife, MovingAverage
from ganzoo.params.curves import Curve, Piece
from ganzoo.rules import Plan


def test_five_updates_from_0_towards_1_reach_the_closed_form():
    network = nn.Linear(1, 1, dtype=torch.float64)
    nn.init.zeros_(network.weight)
    average = MovingAverage(network, 0.9)
    nn.init.ones_(network.weight)
    for _ in range(5):
        average.update()
    assert average.network.weight.item() == pytest.approx(0.40951, abs=1e-12)  # 1 - 0.9 ** 5
    assert network.weight.item() == 1.0


def test_a_young_average_forgets_faster():
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)
    average = MovingAverage(network, 0.99)
    nn.init.ones_(network.weight)
    average.set_step(0)
    average.update()
    assert average.network.weight.item() == pytest.approx(0.9)  # beta is 1/10
    old = MovingAverage(network, 0.99)
    nn.init.zeros_(network.weight)
    old.set_step(10_000)
    old.update()
    assert old.network.weight.item() == pytest.approx(0.99)


def test_statistics_are_averaged_counters_copied_and_nothing_of_it_trains():
    network = nn.BatchNorm1d(1, momentum=1.0)
    average = MovingAverage(network, 0.5)
    network.train()(torch.tensor([[4.0], [8.0]]))
    average.update()
    assert average.network.running_mean.item() == pytest.approx(3.0)  # half of 0 and 6
    assert average.network.num_batches_tracked.item() == 1
    assert not average.network.training
    assert not any(p.requires_grad for p in average.network.parameters())


def test_a_half_life_in_samples_follows_its_closed_form_and_ramps_up():
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)
    average = MovingAverage(network, HalfLife(100.0, 0.05, batch=10, total=1000))
    nn.init.ones_(network.weight)
    average.set_step(0)
    average.update()
    assert average.network.weight.item() == 1.0  # nothing seen: no memory
    nn.init.zeros_(network.weight)
    average.set_step(20)  # 200 samples seen, of which 0.05 are 10: one batch halves
    average.update()
    assert average.network.weight.item() == 0.5
    average.set_step(900)  # 0.05 of 9000 is more than 100: ten batches halve
    for _ in range(10):
        average.update()
    assert average.network.weight.item() == pytest.approx(0.25)


def test_a_half_life_may_be_a_curve_and_needs_no_ramp():
    pace = HalfLife(Curve(Piece(10, 30)), None, batch=10, total=100)
    assert [pace.decay(step) for step in (0, 50, 100)] == pytest.approx([0.5, 0.5**0.5, 0.5 ** (1 / 3)])


def test_the_loop_averages_after_every_generator_update():
    loop = make(Plan(3, 2), ema=0.5)
    updates = []
    update = loop.run.average.update
    loop.run.average.update = lambda: updates.append(loop.run.step) or update()
    steps(loop, 2)
    assert updates == [0, 0, 1, 1]
    assert loop.run.eval_generator is loop.run.average.network
    assert len(moved(loop.run.eval_generator, weights(loop.run.generator))) == 2


def test_an_average_on_a_gpu_takes_its_weight_from_a_tensor_that_a_recorded_update_follows():
    network = nn.Linear(3, 2)
    plain, device = MovingAverage(network, 0.9), MovingAverage(network, 0.9)
    device._on_device = torch.full((), 1.0)
    nn.init.ones_(network.weight)
    for step in (0, 3, 10_000):
        for average in (plain, device):
            average.set_step(step)
            average.update()
        assert device._on_device.item() == pytest.approx(1 - min(0.9, (1 + step) / (10 + step)))
        assert torch.allclose(device.network.weight, plain.network.weight, atol=1e-6, rtol=0)
