"""What computes the values of ``golden.json``: components on given scores, formulas as critics, optima."""

import json
import math
from pathlib import Path
from unittest import mock

import torch
from ganzoo_acgan.loss import LabelClassification
from ganzoo_vanilla.non_saturating import NonSaturating
from ganzoo_wgan.wasserstein import Wasserstein
from ganzoo_wgan.weight_clip import WeightClip
from ganzoo_wgan_gp.gradient_penalty import GradientPenalty
from torch import nn

from ganzoo import Critic, DataSpec, Generator, Turn
from ganzoo.engine.ema import MovingAverage

GOLDEN = json.loads((Path(__file__).parents[1] / "theory" / "golden.json").read_text())
INPUTS = GOLDEN["inputs"]
DATA = DataSpec({"sample": (2,), "label": ()}, classes=3)


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
