"""The check before training finds in a rehearsed turn what would fail in a real one, and says what mends it."""

import pytest
from torch import nn
from turn_players import Difference, Judge, Maker, checked

from ganzoo.rules import Loss


def test_good_components_pass_the_check():
    assert checked().problems == []


class Item(Difference):
    def critic_terms(self, turn):
        return {"adversarial": turn.fake_scores["score"].mean() * turn.real_scores["score"].mean().item()}


class Branch(Difference):
    def generator_terms(self, turn):
        return super().generator_terms(turn) if turn.fake_scores["score"].mean() > 0 else {}


class PerSample(Loss):
    per_sample = True


class Clips(Loss):
    def constrain_(self, critic):
        for parameter in critic.parameters():
            parameter.clamp_(-1, 1)


class Normed(Judge):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.BatchNorm1d(2)  # built from an argument, declared nowhere


def spectral():
    critic = Judge()
    nn.utils.parametrizations.spectral_norm(critic.body)
    return critic


def judge_that(last):
    """A critic whose scores go through ``last``."""
    return lambda: Judge(lambda score: {"score": last(score)})


SHAPES = "choose components whose shapes fit, or repair the component"
REPAIR = "repair the component, or choose another"


@pytest.mark.parametrize(
    ("components", "key", "message", "remedy"),
    [
        ({"critic": judge_that(nn.BatchNorm2d(2))}, "critic", "ValueError: expected 4D input", SHAPES),
        ({"critic": judge_that(lambda score: score.reshape(7, 3))}, "critic", "RuntimeError: ", SHAPES),
        ({"critic": judge_that(nn.Module())}, "critic", 'is missing the required "forward" function', REPAIR),
        ({"critic": judge_that(lambda score: score.no_such_method())}, "critic", "AttributeError: ", REPAIR),
        ({"generator": lambda: Maker(lambda x: {"image": x})}, "generator", "returns image, but declares sample", "`gives` names"),
        ({"critic": lambda: Judge(lambda s: {"score": s[:1]})}, "critic", "for 4 samples", "give (4, ...)"),
        ({"losses": [Item]}, "loss.0", "reads a tensor's value", REPAIR),
        ({"losses": [Branch]}, "loss.0", "reads a tensor's value", REPAIR),
        ({"critic": Normed, "losses": [Difference, PerSample]}, "loss.1", "batch norm, which mixes the batch", "none, layer or instance"),
        ({"critic": spectral, "losses": [Difference, Clips]}, "loss.1", "are computed", "leave one of them out"),
        ({"losses": [PerSample]}, "loss", "anything to minimise", "add an adversarial loss"),
        ({"generator": Judge}, "generator", "is a Judge, no Generator", "repair the plugin"),
        ({"generator": lambda: 1 / 0}, "generator", "division by zero", "change its parameters"),
    ],
)
def test_the_check_finds_it_on_the_built_instances_and_says_what_mends_it(components, key, message, remedy):
    problem = checked(**components).problems[0]
    assert problem.key == key
    assert message in problem.what
    assert remedy in problem.remedy
