"""The check before training follows a loss along its route, and says what is missing there."""

import pytest
import torch
from torch import Tensor, nn
from turn_players import Difference, Judge, TwoJudges, TwoWay, checked

from ganzoo.players import Generator
from ganzoo.rules import Loss


class OneWay(Generator):
    def __init__(self) -> None:
        super().__init__()
        self.there = nn.Linear(3, 2)

    def forward(self, source: Tensor):
        return {"sample": torch.tanh(self.there(source))}


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
    return checked(generator, critic, losses).problems


def test_a_two_way_system_fits():
    assert problems((Difference, ""), (Difference, "back"), (Cycle, ""), (Flat, ""), (Flat, "back")) == []


def test_gradients_are_ready_though_the_scores_are_asked_for_first():
    assert problems((Difference, ""), (Flat, "")) == []


@pytest.mark.parametrize(
    ("losses", "players", "said"),
    [
        ([(Difference, ""), (Difference, "bcak")], {}, "the route 'bcak', which neither generator TwoWay nor critic"),
        ([(Difference, ""), (Difference, "back")], {"critic": Judge}, "'back' critic Judge reads nothing that generator TwoWay"),
        ([(Difference, ""), (Cycle, "")], {"generator": OneWay}, "'cycle' needs the generator to make the field 'back'"),
    ],
)
def test_what_a_route_lacks_is_named_before_training(losses, players, said):
    found = problems(*losses, **players)
    assert said in str(found[0])
