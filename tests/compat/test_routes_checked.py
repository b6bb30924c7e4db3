"""The check before training follows a loss along its route, and says what is missing there."""

import pytest
import torch
from torch import Tensor, nn
from turn_players import DATA, Judge

from ganzoo import compat
from ganzoo.players import Critic, Generator, route
from ganzoo.rules import Loss, Plan, Schedule


class Part:
    """A component as a configuration names it, built from a factory."""

    def __init__(self, name, make, route=""):
        self.name, self.make, self.route = name, make, route

    def build(self, data):
        built = self.make()
        if self.route:
            built.route = self.route
        return built


class Plain(Schedule):
    def plan(self, step, total):
        return Plan()


class Difference(Loss):
    scores = frozenset({"score"})

    def critic_terms(self, turn):
        return {"adversarial": turn.fake_scores["score"].mean() - turn.real_scores["score"].mean()}

    def generator_terms(self, turn):
        return {"adversarial": -turn.fake_scores["score"].mean()}


class TwoWay(Generator):
    def __init__(self) -> None:
        super().__init__()
        self.there, self.home = nn.Linear(3, 2), nn.Linear(2, 3)

    def forward(self, source: Tensor):
        return {"sample": self.there(source)}

    @route(gives={"source"})
    def back(self, sample: Tensor):
        return {"source": self.home(sample)}


class TwoJudges(Critic):
    def __init__(self) -> None:
        super().__init__()
        self.of_sample, self.of_source = nn.Linear(2, 1), nn.Linear(3, 1)

    def forward(self, sample: Tensor):
        return {"score": self.of_sample(sample)[:, 0]}

    @route(gives={"score"})
    def back(self, source: Tensor):
        return {"score": self.of_source(source)[:, 0]}


class Cycle(Loss):
    """There and back again."""

    needs = frozenset({"back"})

    def generator_terms(self, turn):
        return {"cycle": (turn.make(turn.made, route="back")["source"] - turn.real["source"]).abs().mean()}


class Flat(Loss):
    scores, gradients, per_sample = frozenset({"score"}), frozenset({"real"}), True

    def critic_terms(self, turn):
        return {"flat": turn.real_gradients.square().sum(1).mean()}


def problems(*losses, generator=TwoWay, critic=TwoJudges):
    parts = [Part(kind.__name__.lower(), kind, along) for kind, along in losses]
    return compat.check(Part("g", generator), Part("c", critic), parts, Part("s", Plain), DATA).problems


def test_a_two_way_system_fits():
    assert problems((Difference, ""), (Difference, "back"), (Cycle, ""), (Flat, ""), (Flat, "back")) == []


def test_gradients_are_ready_though_the_scores_are_asked_for_first():
    assert problems((Difference, ""), (Flat, "")) == []


@pytest.mark.parametrize(
    ("losses", "players", "said"),
    [
        (
            [(Difference, ""), (Difference, "bcak")],
            {},
            "the route 'bcak', which neither generator TwoWay nor critic",
        ),
        (
            [(Difference, ""), (Difference, "back")],
            {"critic": Judge},
            "'back' critic Judge reads nothing that generator TwoWay",
        ),
        ([(Difference, ""), (Cycle, "")], {"generator": lambda: OneWay()}, "'cycle' needs the generator to make the field 'back'"),
    ],
)
def test_what_a_route_lacks_is_named_before_training(losses, players, said):
    found = problems(*losses, **players)
    assert said in str(found[0])


class OneWay(Generator):
    def __init__(self) -> None:
        super().__init__()
        self.there = nn.Linear(3, 2)

    def forward(self, source: Tensor):
        return {"sample": torch.tanh(self.there(source))}
