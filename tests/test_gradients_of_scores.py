"""Gradients of a critic's scores by its samples, from the scores' own forward."""

import pytest
import torch
from torch import Tensor
from turn_players import Gap, Judge, N, refused, turn_of, two_way

from ganzoo.players import has_batch_norm, judges_each_alone, mixes_batch
from ganzoo.rules import Loss, merge_terms

# Gradients of the scores' own forward.


class Squared(Loss):
    """R1 and R2 by what the turn gives."""

    def __init__(self, *places) -> None:
        super().__init__()
        self.gradients = frozenset(places)

    def critic_terms(self, turn):
        return {place: getattr(turn, f"{place}_gradients").square().sum(1).mean() for place in sorted(self.gradients)}


class Curved(Judge):
    """Scores whose gradient depends on the sample."""

    judged = 0

    def forward(self, sample: Tensor):
        self.calls += 1
        self.judged += len(sample)
        return {"score": self.body(sample.square())[:, 0]}


@pytest.mark.parametrize(("places", "forwards"), [((), 1), (("real",), 2), (("fake",), 2), (("real", "fake"), 1)])
def test_a_penalty_on_gradients_adds_no_forward_of_the_critic(places, forwards):
    """One side alone is judged apart (two forwards of half the samples); both, in the one forward that there is anyhow."""
    turn = turn_of("critic", critic=Curved(), views=[Compares(), Squared(*places)])
    terms = merge_terms({"compares": Compares(), "squared": Squared(*places)}, turn)
    assert turn.critic.calls == forwards
    assert turn.critic.judged == 2 * N  # with a penalty or without
    weight = turn.critic.body.weight
    for place in places:
        wanted = (2 * getattr(turn, place)["sample"] * weight).square().sum(1).mean()
        assert torch.allclose(terms[place], wanted)
    sum(terms.values()).backward()
    assert weight.grad is not None


class Compares(Gap):
    def critic_terms(self, turn):
        real, fake = turn.both_scores
        return {"adversarial": fake["score"].mean() - real["score"].mean()}


def test_beside_a_loss_that_judges_both_sides_apart_r1_adds_no_call_either():
    calls = []
    for penalties in ({}, {"squared": Squared("real")}):
        turn = turn_of("critic", critic=Curved(), views=[Gap(), *penalties.values()])
        merge_terms({"gap": Gap(), **penalties}, turn)
        calls.append(turn.critic.calls)
    assert calls == [2, 2]


def test_gradients_that_are_not_declared_are_refused_after_the_scores():
    turn = turn_of("critic")
    turn.real_scores
    refused(lambda: turn.real_gradients, "real_gradients", "gradients = frozenset({'real'})")
    assert turn_of("critic").fake_gradients.shape == (N, 2)


def test_gradients_are_the_critics_turns_alone():
    refused(lambda: turn_of("generator").real_gradients, "generator's turn")


def test_gradients_along_a_route_are_by_the_field_that_is_compared_there():
    turn = two_way().on("back")
    assert torch.equal(turn.real_gradients, turn.critic.of_source.weight.expand(N, 3))


def test_a_patch_critics_gradients_are_those_of_the_mean_of_a_samples_scores():
    class Patches(Judge):
        def forward(self, sample: Tensor):
            return {"score": sample[:, :, None].expand(-1, -1, 3)}

    assert torch.allclose(turn_of("critic", critic=Patches()).real_gradients, torch.full((N, 2), 0.5))


# Norms and statistics, and truncation.


@pytest.mark.parametrize(("mixes", "refuses"), [(False, False), (True, True), ("norm", True), ("statistic", False)])
def test_a_penalty_refuses_a_norm_over_the_batch_and_takes_a_statistic(mixes, refuses):
    critic = Judge()
    critic.mixes_batch = mixes
    assert has_batch_norm(critic) == refuses
    assert mixes_batch(critic) == bool(mixes)
    assert not judges_each_alone(critic) or not mixes
