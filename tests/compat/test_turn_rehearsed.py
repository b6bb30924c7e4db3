"""The check before training finds in a rehearsed turn what would fail in a real one, and says what mends it."""

import pytest
from torch import nn
from turn_players import DATA, Judge, Maker

from ganzoo import compat
from ganzoo.rules import Loss, Plan, Schedule


class Part:
    """A component as a configuration names it, built from a factory."""

    route = ""

    def __init__(self, name, make):
        self.name, self.make = name, make

    def build(self, data):
        return self.make()


class Plain(Schedule):
    def plan(self, step, total):
        return Plan()


class Difference(Loss):
    scores = frozenset({"score"})

    def critic_terms(self, turn):
        return {"adversarial": turn.fake_scores["score"].mean() - turn.real_scores["score"].mean()}

    def generator_terms(self, turn):
        return {"adversarial": -turn.fake_scores["score"].mean()}


def problems(generator=Maker, critic=Judge, losses=(Difference,)):
    parts = [Part(f"loss{i}", make) for i, make in enumerate(losses)]
    return compat.check(Part("g", generator), Part("c", critic), parts, Part("s", Plain), DATA).problems


def test_good_components_pass_the_check():
    assert problems() == []


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
    ("components", "message", "remedy"),
    [
        ({"critic": judge_that(nn.BatchNorm2d(2))}, "ValueError: expected 4D input", SHAPES),
        ({"critic": judge_that(lambda score: score.reshape(7, 3))}, "RuntimeError: ", SHAPES),
        ({"critic": judge_that(nn.Module())}, 'is missing the required "forward" function', REPAIR),
        ({"critic": judge_that(lambda score: score.no_such_method())}, "AttributeError: ", REPAIR),
        ({"losses": [Item]}, "reads a tensor's value", REPAIR),
    ],
)
def test_a_turn_that_fails_is_told_with_what_mends_it(components, message, remedy):
    problem = problems(**components)[0]
    assert message in problem.what
    assert problem.remedy == remedy


@pytest.mark.parametrize(
    ("components", "key", "message"),
    [
        ({"generator": lambda: Maker(lambda x: {"image": x})}, "generator", "returns image, but declares sample"),
        ({"critic": lambda: Judge(lambda s: {"score": s[:1]})}, "critic", "for 4 samples"),
        ({"losses": [Item]}, "loss.0", "reads a tensor's value"),
        ({"losses": [Branch]}, "loss.0", "reads a tensor's value"),
        ({"critic": Normed, "losses": [Difference, PerSample]}, "loss.1", "batch norm, which mixes the batch"),
        ({"critic": spectral, "losses": [Difference, Clips]}, "loss.1", "are computed"),
        ({"losses": [PerSample]}, "loss", "anything to minimise"),
        ({"generator": Judge}, "generator", "is a Judge, no Generator"),
        ({"generator": lambda: 1 / 0}, "generator", "division by zero"),
    ],
)
def test_the_check_finds_it_on_the_built_instances(components, key, message):
    found = problems(**components)
    assert found, "nothing was found"
    assert found[0].key == key
    assert message in str(found[0])
