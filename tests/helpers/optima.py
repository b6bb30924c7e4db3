"""Games with a known optimum (``tools/figures/theory``), and what is checked of where they end."""

import importlib
import math
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from golden import GOLDEN

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
games = importlib.import_module("figures.theory.games")

OPTIMUM = GOLDEN["optimum"]
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


# Least squares: the same critic without a sigmoid (Mao et al., 2017, at a = 0 and b = 1), and the value 1/2 integral of p q / (p + q).


@cache
def least_squares():
    return games.two_normals("least_squares")


def check_least_squares_value(game):
    assert game.final["critic/adversarial"] == pytest.approx(OPTIMUM["LSGAN optimum (1/2 form, a=0 b=1)"], abs=VALUE)


# Gradient penalty: for mass moved by W the critic's slope is 1 + W / (2 L), so the estimate is W (1 + W / (2 L)).


def penalised(weight, **more):
    return ["wasserstein", {"name": "gradient_penalty", "weight": weight, **more}]


def check_gap(game, wanted):
    assert game.final["critic/wasserstein_estimate"] == pytest.approx(wanted, rel=GAP)


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
