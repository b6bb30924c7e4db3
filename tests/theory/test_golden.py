"""Closed-form values: every loss, penalty, constraint, average and metric to 1e-6 in float64 (``golden.json``).

One table: what ``golden.json`` calls a value, and how the installed components compute it. A value without a row fails.
"""

import pytest
import torch
from ganzoo_acgan.loss import LabelClassification
from ganzoo_hinge.loss import Hinge
from ganzoo_lsgan.loss import LeastSquares
from ganzoo_metrics.divergence import earth_movers_1d, kl_divergence
from ganzoo_metrics.frechet import gaussian_frechet_distance
from ganzoo_vanilla.minimax import Minimax
from ganzoo_vanilla.non_saturating import NonSaturating
from ganzoo_wgan.wasserstein import Wasserstein
from ganzoo_wgan_gp.gradient_penalty import GradientPenalty
from ganzoo_wgan_gp.r1 import R1
from golden import (
    DATA,
    GOLDEN,
    INPUTS,
    QUANTILES,
    at_optimum,
    averaged,
    best_critic,
    best_gap,
    bowl,
    class_terms,
    classified,
    clipped,
    estimated,
    judged,
    linear,
    penalised,
    penalised_between,
    penalised_image,
    slope,
    slope_of_penalty,
    tensor,
    total,
)

COARSE = {"same, 2-D shift (1,1), L=10": 5e-4}
"""Values that ``golden.json`` gives to fewer digits."""

VALUES = {
    "vanilla": {
        "critic = mean softplus(-r) + mean softplus(f)": lambda: judged("critic", NonSaturating(DATA)),
        "critic, real target 0.9 (one-sided smoothing)": lambda: judged("critic", NonSaturating(DATA, real_target=0.9)),
        "generator, non-saturating = mean softplus(-f)": lambda: judged("generator", NonSaturating(DATA)),
        "generator, minimax = mean log(1 - sigmoid(f))": lambda: judged("generator", Minimax(DATA)),
        "critic at zero logits = 2 ln 2": lambda: judged("critic", NonSaturating(DATA), real=[0.0], fake=[0.0]),
        "critic at r=-1000, f=1000 (finite)": lambda: judged("critic", NonSaturating(DATA), real=[-1000.0], fake=[1000.0]),
        "d critic / d f": lambda: slope("critic", NonSaturating(DATA)),
        "d non-saturating / d f": lambda: slope("generator", NonSaturating(DATA)),
        "d minimax / d f": lambda: slope("generator", Minimax(DATA)),
    },
    "lsgan (1/2 form)": {
        "critic a=0 b=1": lambda: judged("critic", LeastSquares(DATA)),
        "generator c=1": lambda: judged("generator", LeastSquares(DATA)),
        "critic a=-1 b=1": lambda: judged("critic", LeastSquares(DATA, a=-1.0, b=1.0)),
        "generator c=0": lambda: judged("generator", LeastSquares(DATA, c=0.0)),
    },
    "hinge": {"critic": lambda: judged("critic", Hinge(DATA))},
    "wasserstein": {
        "critic = mean f - mean r": lambda: judged("critic", Wasserstein(DATA)),
        "generator = -mean f": lambda: judged("generator", Wasserstein(DATA)),
        "distance estimate = mean r - mean f": lambda: estimated(Wasserstein(DATA)),
    },
    "gradient_penalty (weight 1, target 1, norm over all of C,H,W)": {
        "critic w.x+7, w=(3,4)": lambda: penalised(linear(3, 4)),
        "unit w=(0.6,0.8)": lambda: penalised(linear(0.6, 0.8)),
        "half of unit w, two-sided": lambda: penalised(linear(0.3, 0.4)),
        "half of unit w, one-sided": lambda: penalised(linear(0.3, 0.4), GradientPenalty(DATA, weight=1.0, one_sided=True)),
        "zero critic": lambda: penalised(linear(0, 0)),
        "critic |x|^2/2 at x_hat": penalised_between,
        "critic sum(x) on (N,1,4,4)": penalised_image,
        "d(10 GP)/dw, linear critic at w=(3,4)": slope_of_penalty,
    },
    "wgan_gp critic total, w=(3,4), +7, weight 10, x real, y fake": (
        lambda: total("critic", linear(3, 4), [Wasserstein(DATA), GradientPenalty(DATA, weight=10.0)], INPUTS["x"], INPUTS["y"])
    ),
    "r1 (gamma/2 |grad|^2, gamma 10, at real)": {
        "w=(3,4)": lambda: penalised(linear(3, 4), R1(DATA, gamma=10.0)),
        "|x|^2/2 at x": lambda: penalised(bowl(), R1(DATA, gamma=10.0)),
    },
    "weight_clip 0.01": {"out": clipped},
    "label_classification": {
        "cross entropy": lambda: classified("generator", LabelClassification(DATA)),
        "uniform 10 classes = ln 10": lambda: classified("generator", LabelClassification(DATA), torch.zeros(2, 10)),
        "acgan critic = vanilla critic + CE(real) + CE(fake), both with these logits": lambda: class_terms(NonSaturating(DATA), "critic"),
        "acgan generator = non-saturating + CE": lambda: class_terms(NonSaturating(DATA), "generator"),
    },
    "ema decay 0.9, 5 updates from 0 towards 1": averaged,
    "optimum": {
        "JSD(N(0,1), N(1,1)) nats": lambda: estimated(NonSaturating(DATA), 0.5 - QUANTILES, 0.5 - (QUANTILES + 1)),
        "V* = -2 ln 2 + 2 JSD": lambda: -at_optimum(NonSaturating(DATA), lambda x: 0.5 - x),
        "D*(x) = sigmoid(0.5 - x) at 0": lambda: best_critic(0.0),
        "V* when equal": lambda: -judged("critic", NonSaturating(DATA), real=[0.0], fake=[0.0]),
        "LSGAN optimum (1/2 form, a=0 b=1)": lambda: at_optimum(LeastSquares(DATA), lambda x: torch.sigmoid(0.5 - x)),
        "critic gap with penalty weight L for a translation by W: W(1 + W/(2L)), W=2, L=10": lambda: best_gap(2.0, 0.0, weight=10.0),
        "same, 2-D shift (1,1), L=10": lambda: best_gap(1.0, 1.0, weight=10.0),
    },
    "frechet": {
        "N(0,I2) vs N((3,4), 4 I2)": lambda: gaussian_frechet_distance(
            tensor([0, 0]), torch.eye(2).double(), tensor([3, 4]), 4 * torch.eye(2).double()
        ),
        "means (0,0)/(1,-1), covariances [[2,.5],[.5,1]] / [[1,.3],[.3,2]]": lambda: gaussian_frechet_distance(
            tensor([0, 0]), tensor([[2, 0.5], [0.5, 1]]), tensor([1, -1]), tensor([[1, 0.3], [0.3, 2]])
        ),
    },
    "wasserstein-1, one dimension": {
        "{0,1,3} vs {5,6,8}": lambda: earth_movers_1d(tensor([0, 1, 3]), tensor([5, 6, 8])),
        "{0,2,5} vs {1,1,7}": lambda: earth_movers_1d(tensor([0, 2, 5]), tensor([1, 1, 7])),
    },
    "kl([.5,.25,.25] || uniform 3)": lambda: kl_divergence(tensor([0.5, 0.25, 0.25]), torch.ones(3)),
}

GIVEN = {"label_classification": ("logits", "labels"), "weight_clip 0.01": ("in",)}
"""What sections say besides values: their inputs."""


def flat(sections):
    """(section, name) -> value; a section that is a value has the name ""."""
    found = {}
    for section, values in sections.items():
        named = values if isinstance(values, dict) else {"": values}
        found |= {(section, name): value for name, value in named.items() if name not in GIVEN.get(section, ())}
    return found


EXPECTED = flat({section: values for section, values in GOLDEN.items() if section not in ("about", "inputs")})
COMPUTED = flat(VALUES)


@pytest.mark.parametrize(("section", "name"), list(EXPECTED), ids=[f"{section}: {name}" if name else section for section, name in EXPECTED])
def test_value_is_met(section, name):
    value = tensor(COMPUTED[section, name]()).detach()
    assert value.tolist() == pytest.approx(EXPECTED[section, name], abs=COARSE.get(name, 1e-6), rel=0)


def test_every_value_has_a_row_and_every_row_a_value():
    assert COMPUTED.keys() == EXPECTED.keys()
