"""Where the optimum is known in closed form, the product's losses and loop arrive there (tools/test -m slow tests/theory/test_theory.py).

Each critic is the plugin ``mlp``, trained by the engine's loop against a frozen generator (``tools/figures/theory``), in about
2 CPU seconds. Each check is shown to fail with a deliberate fault.
"""

import importlib
import json
import math
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from ganzoo_lsgan.loss import LeastSquares
from ganzoo_vanilla.non_saturating import NonSaturating, cross_entropy
from ganzoo_wgan.weight_clip import WeightClip
from ganzoo_wgan_gp.gradient_penalty import GradientPenalty, interpolate
from ganzoo_wgan_gp.gradients import score_gradients

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
games = importlib.import_module("figures.theory.games")

pytestmark = pytest.mark.slow

OPTIMUM = json.loads((Path(__file__).parent / "golden.json").read_text())["optimum"]
JSD = OPTIMUM["JSD(N(0,1), N(1,1)) nats"]
WHERE = torch.linspace(-2, 3, 101)[:, None]
"""(N, 1): 97.7% of the data lies right of its left end, 97.7% of the fakes left of its right end."""

VALUE = 5e-4
"""At an optimum a value errs by the square of the critic's error, about 1e-5 here; the quantiles' own error is 1e-4."""
SHAPE = 0.01
"""A probability's largest error over ``WHERE``: the critic is piecewise linear, and few samples fix its pieces in the tails."""
GAP = 1e-3
"""Relative. Penalised points are drawn anew at each update; the decaying rate averages that out to about 1e-5."""


# The original loss: D* = p / (p + q) and V* = -2 ln 2 + 2 JSD (Goodfellow et al., 2014, proposition 1 and equation 6).


@cache
def vanilla(shift=1.0):
    return games.two_normals("non_saturating", shift=shift)


def check_bayes_critic(game, probability):
    """The critic says of each x how likely it is real: p / (p + q) = sigmoid(0.5 - x)."""
    error = probability(game.scores(WHERE)) - torch.sigmoid(0.5 - WHERE[:, 0])
    assert error.abs().max().item() < SHAPE
    at_zero = probability(game.scores(torch.zeros(1, 1))).item()
    assert at_zero == pytest.approx(OPTIMUM["D*(x) = sigmoid(0.5 - x) at 0"], abs=SHAPE / 2)


def check_value(game, wanted=OPTIMUM["V* = -2 ln 2 + 2 JSD"]):
    assert -game.final["critic/adversarial"] == pytest.approx(wanted, abs=VALUE)


def check_js_estimate(game, wanted=JSD):
    assert game.final["critic/js_estimate"] == pytest.approx(wanted, abs=VALUE)


def test_the_optimal_critic_is_bayes_rule():
    check_bayes_critic(vanilla(), torch.sigmoid)


def test_the_value_at_the_optimum_and_the_logged_divergence():
    check_value(vanilla())
    check_js_estimate(vanilla())


def test_equal_distributions_leave_nothing_to_tell():
    game = vanilla(shift=0.0)
    check_value(game, OPTIMUM["V* when equal"])
    check_js_estimate(game, 0.0)
    assert torch.sigmoid(game.scores(WHERE)).sub(0.5).abs().max().item() < SHAPE


def test_the_logged_divergence_comes_from_below():
    """Until the critic is optimal the estimate is a lower bound, at first even a negative one."""
    game = games.two_normals("non_saturating", hidden=[16], optimizer={"name": "adam", "lr": 1e-3})
    estimates = [record["critic/js_estimate"] for record in game.records]
    assert estimates[0] < 0
    assert estimates == sorted(estimates)
    assert 0.98 * JSD < estimates[-1] < JSD


def test_smoothed_labels_log_no_divergence():
    game = games.two_normals({"name": "non_saturating", "real_target": 0.9}, steps=25)
    assert "critic/js_estimate" not in game.final


def test_a_critic_that_knows_its_few_samples_by_heart_sees_another_divergence():
    """Of 4 samples a side, all different, the divergence is ln 2, whatever they were drawn from."""
    game = games.two_normals("non_saturating", count=4)
    assert game.final["critic/js_estimate"] == pytest.approx(math.log(2), rel=0.01)


# Least squares: the same critic without a sigmoid (Mao et al., 2017, at a = 0 and b = 1), and the value 1/2 integral of p q / (p + q).


@cache
def least_squares():
    return games.two_normals("least_squares")


def check_least_squares_value(game):
    assert game.final["critic/adversarial"] == pytest.approx(OPTIMUM["LSGAN optimum (1/2 form, a=0 b=1)"], abs=VALUE)


def test_the_least_squares_critic_is_bayes_rule_too():
    check_bayes_critic(least_squares(), lambda score: score)


def test_the_least_squares_value_at_the_optimum():
    check_least_squares_value(least_squares())


# Gradient penalty: for mass moved by W the critic's slope is 1 + W / (2 L), so the estimate is W (1 + W / (2 L)).


def penalised(weight, **more):
    return ["wasserstein", {"name": "gradient_penalty", "weight": weight, **more}]


def check_gap(game, wanted):
    assert game.final["critic/wasserstein_estimate"] == pytest.approx(wanted, rel=GAP)


def test_the_gap_of_a_translation_in_one_dimension():
    wanted = OPTIMUM["critic gap with penalty weight L for a translation by W: W(1 + W/(2L)), W=2, L=10"]
    check_gap(games.two_points(penalised(10.0), 2.0), wanted)
    check_gap(games.two_points(penalised(10.0, one_sided=True), 2.0), wanted)


def test_the_gap_of_a_translation_in_two_dimensions():
    check_gap(games.two_points(penalised(10.0), 1.0, 1.0), OPTIMUM["same, 2-D shift (1,1), L=10"])


def test_a_weak_penalty_overstates_the_distance():
    """With the 0.1 of the authors' program for toys, 2 apart: 2 (1 + 2 / 0.2) = 22, eleven times the distance."""
    check_gap(games.two_points(penalised(0.1), 2.0), 22.0)


def test_a_two_sided_penalty_can_lock_a_sign_in_one_dimension():
    """A slope of -1 costs nothing and one of 0 much: the critic stays at -(1 - W / (2 L)). One-sided, it turns."""

    def face_the_wrong_way(run):
        with torch.no_grad():
            run.critic.net[1].weight.fill_(1.0)

    check_gap(games.two_points(penalised(10.0), 2.0, hidden=[], prepare=face_the_wrong_way), -1.8)
    check_gap(games.two_points(penalised(10.0, one_sided=True), 2.0, hidden=[], prepare=face_the_wrong_way), 2.2)


# Weight clipping: the scale is the network's, and 12 layers explode or vanish (Gulrajani et al., 2017, section 3.2).


def clipped(bound):
    return {"name": "weight_clip", "clip": bound}


@cache
def deep(bound):
    """The critic of 12 layers, clipped at ``bound``; None: penalised."""
    return games.swiss_roll(clipped(bound) if bound else {"name": "gradient_penalty", "weight": 10.0})


def check_exponential(game, sign):
    """Towards the input the norm grows (1) or shrinks (-1) by at least 2 a layer, 1000 over ten, on a straight line in decades."""
    decades = np.log10(games.gradient_norms(game))[::-1]
    layers = np.arange(len(decades))
    assert sign * np.polyfit(layers, decades, 1)[0] > math.log10(2)
    assert np.corrcoef(layers, decades)[0, 1] ** 2 > 0.97


def check_stable(game):
    """No two layers differ by more than a factor of 4; clipping's do by 10^5 and more."""
    norms = games.gradient_norms(game)
    assert max(norms) < 4 * min(norms)


def check_pile_up(game, bound):
    """Half of the weights lie in the outermost hundredth of the range, where evenly spread ones have a hundredth."""
    weights = games.weights(game)
    assert weights.abs().max().item() <= bound * (1 + 1e-6)
    assert games.share_at_bounds(weights, bound) > 0.5


@pytest.mark.parametrize(("bound", "sign"), [(0.1, 1), (0.01, -1), (0.001, -1)])
def test_under_clipping_gradients_explode_or_vanish_with_depth(bound, sign):
    check_exponential(deep(bound), sign)


def test_under_the_penalty_gradients_are_stable_with_depth():
    check_stable(deep(None))


def test_clipped_weights_pile_up_at_the_bounds_and_penalised_ones_do_not():
    check_pile_up(deep(0.1), 0.1)
    weights = games.weights(deep(None))
    assert games.share_at_bounds(weights, weights.abs().max().item()) < 0.01


@pytest.mark.parametrize("bound", [0.01, 0.1])
def test_under_clipping_the_estimate_is_the_distance_times_the_critics_own_constant(bound):
    """A linear critic of two weights at the bound has the constant bound * sqrt(2), and the points are sqrt(2) apart."""
    game = games.two_points(["wasserstein", clipped(bound)], 1.0, 1.0, hidden=[], optimizer=games.RMSPROP, steps=1500)
    check_gap(game, bound * math.sqrt(2) * math.sqrt(2))


# Each check fails with a fault.


class Averaged(NonSaturating):
    """The mean of the real and the fake side in place of their sum, as some tutorials have it."""

    def critic_terms(self, turn):
        return {name: value / 2 for name, value in super().critic_terms(turn).items()}


class SigmoidTwice(NonSaturating):
    """Cross entropy of what has been through a sigmoid already."""

    def critic_terms(self, turn):
        real, fake = torch.sigmoid(turn.real_scores["score"]), torch.sigmoid(turn.fake_scores["score"])
        return {"adversarial": cross_entropy(real, 1.0) + cross_entropy(fake, 0.0)}


class OneHalfForgotten(NonSaturating):
    """The value's distance from -2 ln 2 is twice the divergence."""

    def estimates(self, turn):
        return {name: 2 * value for name, value in super().estimates(turn).items()}


class WithoutHalves(LeastSquares):
    """(r - b)^2 in place of half of it."""

    def critic_terms(self, turn):
        return {name: 2 * value for name, value in super().critic_terms(turn).items()}


class FakesPushedUp(LeastSquares):
    """The critic wants of fakes what the generator wants."""

    def __init__(self, data):
        super().__init__(data, a=1.0)


class SquaredNorm(GradientPenalty):
    """The root is forgotten: (|grad D|^2 - 1)^2."""

    def critic_terms(self, turn):
        between = interpolate(turn.real["sample"], turn.fake["sample"])
        squares = score_gradients(turn, turn.fake | {"sample": between}).square().sum(dim=1)
        return {"gradient_penalty": self.weight * (squares - 1).square().mean()}


class OneCoordinate(GradientPenalty):
    """The norm of each coordinate by itself, in place of the sample's."""

    def critic_terms(self, turn):
        between = interpolate(turn.real["sample"], turn.fake["sample"])
        sizes = score_gradients(turn, turn.fake | {"sample": between}).abs()
        return {"gradient_penalty": self.weight * (sizes - 1).square().mean()}


class ClippingOff(WeightClip):
    """The bound is given and not used."""

    def constrain_(self, critic):
        pass


def faulty(play, fault, *arguments, beside=(), **changes):
    """A game played with a loss that has a fault."""
    return play([*beside, fault.__name__], *arguments, faulty={fault.__name__: fault}, **changes)


FAULTS = {
    "the sides are averaged": (check_value, lambda: faulty(games.two_normals, Averaged)),
    "the sigmoid is applied twice": (
        lambda game: check_bayes_critic(game, torch.sigmoid),
        lambda: faulty(games.two_normals, SigmoidTwice),
    ),
    "the divergence is not halved": (check_js_estimate, lambda: faulty(games.two_normals, OneHalfForgotten)),
    "the squares are not halved": (check_least_squares_value, lambda: faulty(games.two_normals, WithoutHalves)),
    "fakes get the target of real samples": (
        lambda game: check_bayes_critic(game, lambda score: score),
        lambda: faulty(games.two_normals, FakesPushedUp),
    ),
    "the norm is squared": (
        lambda game: check_gap(game, 2.2),
        lambda: faulty(games.two_points, SquaredNorm, 2.0, beside=["wasserstein"]),
    ),
    "the norm is of one coordinate": (
        lambda game: check_gap(game, 1.514),
        lambda: faulty(games.two_points, OneCoordinate, 1.0, 1.0, beside=["wasserstein"]),
    ),
    "the penalty is left out": (lambda game: check_gap(game, 2.2), lambda: games.two_points("wasserstein", 2.0)),
    "the critic is not trained": (
        lambda game: check_bayes_critic(game, torch.sigmoid),
        lambda: games.two_normals("non_saturating", steps=25),
    ),
    "the bound is not used": (
        lambda game: check_pile_up(game, 0.1),
        lambda: games.swiss_roll({"name": "ClippingOff", "clip": 0.1}, faulty={"ClippingOff": ClippingOff}),
    ),
    "the penalty is not a clipping": (lambda game: check_exponential(game, 1), lambda: deep(None)),
    "clipping is not a penalty": (check_stable, lambda: deep(0.01)),
    "a penalty of weight 0": (check_stable, lambda: games.swiss_roll({"name": "gradient_penalty", "weight": 0.0}, steps=200)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault):
    check, play = FAULTS[fault]
    game = play()
    with pytest.raises(AssertionError):
        check(game)
