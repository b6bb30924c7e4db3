"""Where the optimum is known in closed form, the product's losses and loop arrive there (tools/test -m slow tests/theory/test_theory.py).

Each critic is the plugin ``mlp``, trained by the engine's loop against a frozen generator (``tools/figures/theory``), in about
2 CPU seconds. Each check is shown to fail with a deliberate fault.
"""

import math

import pytest
import torch
from ganzoo_lsgan.loss import LeastSquares
from ganzoo_vanilla.non_saturating import NonSaturating, cross_entropy
from ganzoo_wgan.weight_clip import WeightClip
from ganzoo_wgan_gp.gradient_penalty import GradientPenalty, interpolate
from ganzoo_wgan_gp.gradients import score_gradients
from optima import (
    JSD,
    OPTIMUM,
    SHAPE,
    WHERE,
    check_bayes_critic,
    check_exponential,
    check_gap,
    check_js_estimate,
    check_least_squares_value,
    check_pile_up,
    check_stable,
    check_value,
    clipped,
    deep,
    games,
    least_squares,
    penalised,
    vanilla,
)

pytestmark = pytest.mark.slow


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


def test_the_least_squares_critic_is_bayes_rule_too():
    check_bayes_critic(least_squares(), lambda score: score)


def test_the_least_squares_value_at_the_optimum():
    check_least_squares_value(least_squares())


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
