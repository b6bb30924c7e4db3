"""Closed-form values: every loss, penalty, constraint, average and metric to 1e-6 in float64 (``golden.json``).

One table: what ``golden.json`` calls a value, and how the installed components compute it. A value without a row fails.
"""

import json
import math
from pathlib import Path
from unittest import mock

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
from ganzoo_wgan.weight_clip import WeightClip
from ganzoo_wgan_gp.gradient_penalty import GradientPenalty
from ganzoo_wgan_gp.r1 import R1
from torch import nn

from ganzoo import Critic, DataSpec, Generator, Turn
from ganzoo.engine.ema import MovingAverage

GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text())
INPUTS = GOLDEN["inputs"]
DATA = DataSpec({"sample": (2,), "label": ()}, classes=3)
COARSE = {"same, 2-D shift (1,1), L=10": 5e-4}
"""Values that ``golden.json`` gives to fewer digits."""


def tensor(values):
    return torch.as_tensor(values, dtype=torch.float64)


class Given(Critic):
    """Scores are the sample's first value, logits the sample."""

    gives = frozenset({"score", "label_logits"})

    def forward(self, sample):
        return {"score": sample[:, 0], "label_logits": sample}


class Formula(Critic):
    """Scores by a formula of the sample and ``weight``."""

    def __init__(self, formula, *weight):
        super().__init__()
        self.formula, self.weight = formula, nn.Parameter(tensor(weight))

    def forward(self, sample):
        return {"score": self.formula(sample, self.weight)}


def linear(*weight):
    return Formula(lambda x, w: x @ w + 7, *weight)


def bowl():
    return Formula(lambda x, w: x.square().sum(dim=1) / 2)


def turn_of(side, critic, real, fake):
    fields = {"sample": tensor(real), "label": torch.tensor(GOLDEN["label_classification"]["labels"])}
    return Turn(side, Generator(), critic, fields, {}, shared_fake={"sample": tensor(fake)})


def total(side, critic, losses, real, fake):
    """The sum of the losses' terms on a turn of these samples."""
    turn = turn_of(side, critic, real, fake)
    return sum(sum((loss.critic_terms(turn) if side == "critic" else loss.generator_terms(turn)).values()) for loss in losses)


def judged(side, *losses, real=INPUTS["real_scores"], fake=INPUTS["fake_scores"]):
    """The same at these scores."""
    return total(side, Given(), losses, tensor(real)[:, None], tensor(fake)[:, None])


def estimated(loss, real=INPUTS["real_scores"], fake=INPUTS["fake_scores"]):
    """What the loss logs as its estimate of a distance at these scores."""
    (estimate,) = loss.estimates(turn_of("critic", Given(), tensor(real)[:, None], tensor(fake)[:, None])).values()
    return estimate


def slope(side, loss):
    """Its gradient by the fake scores."""
    fake = tensor(INPUTS["fake_scores"]).clone().requires_grad_()
    return torch.autograd.grad(judged(side, loss, fake=fake), fake)[0]


def classified(side, loss, logits=GOLDEN["label_classification"]["logits"]):
    return total(side, Given(), [loss], logits, logits)


def penalised(critic, loss=None, real=INPUTS["x"], fake=INPUTS["y"]):
    return total("critic", critic, [loss or GradientPenalty(DATA, weight=1.0)], real, fake)


def penalised_between():
    with mock.patch.object(torch, "rand", lambda *size, **_: tensor(INPUTS["eps"]).reshape(size)):
        return penalised(bowl())


def penalised_image():
    images = torch.zeros(2, 1, 4, 4)
    return penalised(Formula(lambda x, w: x.flatten(1).sum(dim=1)), real=images, fake=images)


def slope_of_penalty():
    critic = linear(3, 4)
    return torch.autograd.grad(penalised(critic, GradientPenalty(DATA, weight=10.0)), critic.weight)[0]


def clipped():
    critic = Formula(None, *GOLDEN["weight_clip 0.01"]["in"])
    WeightClip(DATA, clip=0.01).constrain_(critic)
    return critic.weight


def averaged():
    network = nn.Linear(1, 1, bias=False, dtype=torch.float64)
    nn.init.zeros_(network.weight)
    average = MovingAverage(network, decay=0.9)
    nn.init.ones_(network.weight)
    for _ in range(5):
        average.update()
    return average.network.weight.squeeze()


def at_optimum(loss, score):
    """The critic's loss for real samples from N(0, 1) and fakes from N(1, 1), given its score of each x."""
    return judged("critic", loss, real=score(QUANTILES), fake=score(QUANTILES + 1))


def best_critic(x):
    """D*(x): the sigmoid of the score at which the densities of N(0, 1) and N(1, 1) balance the loss's two slopes."""
    real_density, fake_density = math.exp(-(x**2) / 2), math.exp(-((x - 1) ** 2) / 2)
    low, high = -10.0, 10.0
    for _ in range(50):
        middle = tensor((low + high) / 2).requires_grad_()
        (by_real,) = torch.autograd.grad(judged("critic", NonSaturating(DATA), real=middle[None], fake=[0.0]), middle)
        (by_fake,) = torch.autograd.grad(judged("critic", NonSaturating(DATA), real=[0.0], fake=middle[None]), middle)
        low, high = (middle.item(), high) if real_density * by_real + fake_density * by_fake < 0 else (low, middle.item())
    return 1 / (1 + math.exp(-low))


def best_gap(*shift, weight):
    """The gap that the best linear critic makes of data moved by ``shift``.

    The slope of its loss is linear in its weight's length, so two lengths give the root.
    """
    distance = math.hypot(*shift)
    direction = tensor(shift) / distance

    def slope_at(length):
        critic = Formula(lambda x, w: w * (x @ direction), length)
        value = total("critic", critic, [Wasserstein(DATA), GradientPenalty(DATA, weight=weight)], [shift], [(0.0, 0.0)])
        return torch.autograd.grad(value, critic.weight)[0].item()

    at_one, at_two = slope_at(1.0), slope_at(2.0)
    return distance * (1 - at_one / (at_two - at_one))


def class_terms(adversarial, side):
    """An adversarial loss at the scores, with the classification of the logits added."""
    return judged(side, adversarial) + classified(side, LabelClassification(DATA))


QUANTILES = torch.special.ndtri((torch.arange(1_000_000, dtype=torch.float64) + 0.5) / 1_000_000)
"""Of the standard normal: their mean is the expectation, to 1e-6."""

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
