"""Where a critic's scores of real samples and of fakes take a forward each, as when each is asked for by itself."""

import pytest
import torch
from torch import Tensor, nn
from turn_players import Judge, N, turn_of

from ganzoo.players import judges_each_alone
from ganzoo.rules import Loss


class Rounding(Judge):
    """Judges any type of number."""

    def forward(self, sample: Tensor):
        return super().forward(sample.float())


def test_what_is_no_one_batch_is_scored_in_two_forwards():
    critic, fake = Rounding(), torch.ones(N, 2, dtype=torch.float64)
    turn = turn_of("critic", critic=critic, shared_fake={"sample": fake})
    real_scores, fake_scores = turn.both_scores
    torch.testing.assert_close(fake_scores["score"], critic.body(fake.float())[:, 0])
    torch.testing.assert_close(real_scores["score"], critic.body(turn.real["sample"])[:, 0])
    assert critic.calls == 2


# Where the two are scored apart, as each is when it is asked for by itself.


def with_part(part):
    def critic():
        made = Judge()
        made.extra = part()
        return made

    return critic


def spectral():
    critic = Judge()
    nn.utils.parametrizations.spectral_norm(critic.body)
    return critic


def frozen_part():
    critic = Judge()
    critic.body.bias.requires_grad_(False)
    return critic


def declared():
    critic = Judge()
    critic.mixes_batch = True
    return critic


KINDS = {
    "plain": (Judge, True),
    "layer norm": (with_part(lambda: nn.LayerNorm(2)), True),
    "batch norm": (with_part(lambda: nn.BatchNorm1d(2, track_running_stats=False)), False),
    "declared to mix": (declared, False),
    "spectral norm": (spectral, False),
    "dropout": (with_part(lambda: nn.Dropout2d(0.5)), False),
    "a frozen part": (frozen_part, False),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_critic_whose_forwards_matter_keeps_the_two_apart(kind):
    make_critic, alone = KINDS[kind]
    critic = make_critic()
    assert judges_each_alone(critic) == alone
    turn = turn_of("critic", critic=critic)
    assert len(turn.both_scores) == 2
    assert critic.calls == (1 if alone else 2)


def test_what_was_asked_for_before_stays_what_it_was():
    critic = Judge()
    turn = turn_of("critic", critic=critic)
    with torch.no_grad():
        told = turn.fake_scores["score"]
    real, fake = turn.both_scores
    assert fake["score"] is told
    assert real["score"].requires_grad
    assert critic.calls == 2


class Told(Loss):
    """Fakes that are seen by what the critic says of real samples."""

    def view(self, fields, place, turn):
        shift = turn.real_scores["score"].detach().mean() if place == "fake" else 0
        return fields | {"sample": fields["sample"] + shift}


def test_a_view_of_fakes_may_ask_for_the_scores_of_real_samples():
    critic = Judge()
    real, fake = turn_of("critic", critic=critic, views=[Told()]).both_scores
    assert critic.calls == 2
    assert len(real["score"]) == len(fake["score"]) == N


def test_the_generators_turn_scores_them_apart():
    critic = Judge()
    real, fake = turn_of("generator", critic=critic).both_scores
    assert (critic.calls, len(real["score"]), len(fake["score"])) == (2, N, N)
